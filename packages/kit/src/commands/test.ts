/** `test`: static checks and the levels of tests, over all languages. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { readFileSync, rmSync } from "node:fs";
import { Exit } from "../model/errors.ts";
import { usage, type CommandDef, type Context } from "./framework.ts";

const levels = ["static", "unit"] as const;
type Level = (typeof levels)[number];

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const test = {
  name: "test",
  summary: "static checks and tests",
  usage: "[static|unit]",
  examples: ["test", "test unit --grep names"],
  options: {
    grep: { type: "string", placeholder: "TEXT", summary: "only tests whose name holds it" },
  },
  async run(context) {
    const [asked, ...rest] = context.args;
    if (rest.length > 0 || (asked && !levels.includes(asked as Level)))
      throw usage(test, `the levels are ${levels.join(", ")}`);
    const begun = Date.now();
    const total: Tally = { passed: 0, failed: 0, skipped: 0 };
    for (const level of asked ? [asked as Level] : levels) {
      const tally = level === "static" ? await checks(context) : await vitest(context, level);
      for (const key of ["passed", "failed", "skipped"] as const) total[key] += tally[key];
    }
    return {
      exit: total.failed > 0 ? Exit.failed : Exit.done,
      document: { ...total, duration_s: (Date.now() - begun) / 1000, report: null },
      text: `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
    };
  },
} satisfies CommandDef;
export default test;

/** Runs a program of this checkout with its output shown; true when it ended well. */
function runs(context: Context, name: string, args: string[]): Promise<boolean> {
  context.say(`${context.style.dim("test")} ${name} ${args.join(" ")}`);
  const out = context.json ? process.stderr : process.stdout;
  return new Promise((resolve, reject) => {
    const child = spawn(join(context.checkout, "node_modules/.bin", name), args, {
      cwd: context.checkout,
      stdio: ["ignore", "pipe", "pipe"],
      signal: context.signal,
    });
    child.stdout.pipe(out, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
}

async function checks(context: Context): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, ...args] of [
    ["tsc", "-p", "."],
    ["oxlint", "--quiet"],
  ] as const)
    if (await runs(context, name, args)) tally.passed++;
    else tally.failed++;
  return tally;
}

async function vitest(context: Context, project: string): Promise<Tally> {
  const report = join(context.checkout, `node_modules/.gridata-test-${project}.json`);
  const grep = context.options["grep"];
  const ok = await runs(context, "vitest", [
    ...["run", "--project", project, "--reporter=default", "--reporter=json"],
    `--outputFile.json=${report}`,
    ...(typeof grep === "string" ? ["-t", grep] : []),
  ]);
  try {
    const found = JSON.parse(readFileSync(report, "utf8")) as Record<string, number>;
    return {
      passed: found["numPassedTests"] ?? 0,
      // A file that doesn't load has no test that could fail.
      failed: Math.max(found["numFailedTests"] ?? 0, ok ? 0 : 1),
      skipped: found["numPendingTests"] ?? 0,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(report, { force: true });
  }
}
