/** Programs that test: each runs with its output shown, and says what it counted and which tests failed. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve as resolvePath } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import type { Leak } from "../leaks/look.ts";
import type { Context } from "./command.ts";
import { temporaryFolder } from "./leak-watch.ts";
import { pythonTests } from "./python-tests.ts";

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** One program's tests, and the file in which it says all of them. */
export interface Part extends Tally {
  part: string;
  report: string | null;
  /** A line for each: its name, and what it said first. */
  failures: readonly string[];
  leaks?: readonly Leak[];
}

export const reportsDir = ({ checkout }: Context) =>
  process.env["GRIDATA_REPORTS"] ?? join(checkout, "reports");

/** A program that is one test. */
export const one = (part: string, ok: boolean, why: readonly string[] = []): Part => ({
  ...{ part, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, report: null },
  failures: ok ? [] : why.length > 0 ? why : [part],
});

interface Run {
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Exit codes of one that ended well (0). */
  fine?: readonly number[];
  /** Lines of its output that say what failed. */
  telling?: RegExp;
}

/** Runs a program of this checkout. */
export function runs(
  context: Context,
  name: string,
  { args, env = {}, cwd = context.checkout, fine = [0], telling }: Run,
): Promise<{ ok: boolean; told: string[] }> {
  context.say(`${context.style.dim("test")} ${basename(name)} ${args.join(" ")}`);
  const out = context.json ? process.stderr : process.stdout;
  return new Promise((resolve, reject) => {
    const child = spawn(resolvePath(context.checkout, "node_modules/.bin", name), args, {
      env: { ...process.env, ...temporaryFolder(), ...env },
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      signal: context.signal,
    });
    const told: string[] = [];
    if (telling)
      createInterface({ input: child.stdout }).on("line", (line) => {
        const plain = stripVTControlCharacters(line);
        if (telling.test(plain)) told.push(plain);
      });
    child.stdout.pipe(out, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    child.once("error", reject);
    child.once("close", (code) => resolve({ ok: fine.includes(code ?? -1), told }));
  });
}

/** Tests of the Python code: those of the pipeline, or those beside the jobs. */
export async function pytest(
  context: Context,
  args: string[],
  env: Record<string, string> = {},
): Promise<Part> {
  const { python, environment } = await pythonTests(context);
  const part = `pytest ${args.at(-1)!}`;
  const report = join(reportsDir(context), `${part.replace(/\W+/g, "-")}.xml`);
  rmSync(report, { force: true });
  const grep = context.options["grep"];
  // It keeps the folders of its last runs, for whoever looks for them by their place.
  const folders = mkdtempSync(join(tmpdir(), "gridata-pytest-"));
  const { ok, told } = await runs(context, python, {
    args: [
      ...["-m", "pytest", "-c", "pipeline/pyproject.toml", "--rootdir", "."],
      ...["-p", "no:cacheprovider", ...args, `--junitxml=${report}`],
      ...(typeof grep === "string" ? ["-k", wordsOf(grep)] : []),
    ],
    env: { ...environment(context.checkout), ...env, PYTEST_DEBUG_TEMPROOT: folders },
    // No test of that name is no failure, as with vitest.
    fine: typeof grep === "string" ? [0, 5] : [0],
    telling: /^(FAILED|ERROR) /,
  }).finally(() => rmSync(folders, { recursive: true, force: true }));
  try {
    const text = readFileSync(report, "utf8");
    const found = (name: string) => Number(new RegExp(`${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
    const red = found("errors") + found("failures");
    return {
      ...{ part, report },
      passed: found("tests") - red - found("skipped"),
      failed: Math.max(red, ok ? 0 : 1),
      skipped: found("skipped"),
      failures: told.length > 0 || ok ? told : [part],
    };
  } catch {
    return one(part, false, told);
  }
}

/** Names of Python tests are words with underscores: all words of the text, but those that pytest takes for its own. */
const wordsOf = (grep: string) =>
  (grep.match(/\w+/g) ?? []).filter((word) => !/^(and|or|not)$/.test(word)).join(" and ");

/** What vitest's JSON report says, of that which is read here. */
interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

/**
 * Vitest takes a regular expression, and puts ` > ` between the name of a group and that of a test, where its reports, from which a
 * person copies the name, have a space.
 */
export const namePattern = (text: string): string =>
  text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(" ", "( > | )");

export async function vitest(
  context: Context,
  project: string,
  env: Record<string, string>,
): Promise<Part> {
  const part = `vitest ${project}`;
  const report = join(reportsDir(context), `${project}.json`);
  rmSync(report, { force: true });
  const grep = context.options["grep"];
  const { ok } = await runs(context, "vitest", {
    args: [
      ...["run", "--project", project, "--reporter=default", "--reporter=json"],
      `--outputFile.json=${report}`,
      ...(typeof grep === "string" ? ["-t", namePattern(grep)] : []),
    ],
    env,
  });
  try {
    const found = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
    const failures = failuresOf(context.checkout, found);
    return {
      ...{ part, report },
      passed: found.numPassedTests,
      // A file that doesn't load, or whose tests could not begin, has no test that could fail.
      failed: Math.max(found.numFailedTests, failures.length, ok ? 0 : 1),
      skipped: found.numPendingTests,
      failures: failures.length > 0 || ok ? failures : [part],
    };
  } catch {
    return one(part, false);
  }
}

function failuresOf(checkout: string, { testResults }: VitestReport): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(checkout, name);
    const tests = assertionResults
      .filter((test) => test.status === "failed")
      .map((test) => `${file} > ${test.fullName}: ${firstLines(test.failureMessages.join("\n"))}`);
    return tests.length === 0 && status === "failed" ? [`${file}: ${firstLines(message)}`] : tests;
  });
}

/** What was said, without the places in the code. */
function firstLines(message: string): string {
  const lines = stripVTControlCharacters(message).split("\n");
  const places = lines.findIndex((line) => /^\s+at /.test(line));
  const said = (places < 0 ? lines : lines.slice(0, places)).join(" ").replace(/\s+/g, " ");
  return said.length > 600 ? `${said.slice(0, 600)} …` : said;
}
