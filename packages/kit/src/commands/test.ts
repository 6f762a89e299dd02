/** `test`: static checks and the levels of tests, over all languages. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve as resolvePath } from "node:path";
import { leakLines, type Leak } from "../leaks/look.ts";
import { KitError } from "../model/errors.ts";
import { layoutOf } from "../runtimes/host/control.ts";
import { provision } from "../toolchain/provision.ts";
import type { ToolHandle } from "../toolchain/types.ts";
import dev from "./dev.ts";
import down from "./down.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import { jobTestEnvironment } from "./job-tests.ts";
import { leakWatch, temporaryFolder } from "./leak-watch.ts";
import { pythonTests } from "./python-tests.ts";
import { staticChecks } from "./static-checks.ts";

const levels = ["static", "unit", "jobs", "rules", "contract", "e2e"] as const;
/** Levels that need a running stack. */
const onStack: readonly Level[] = ["contract", "e2e"];
const testStack = "test";
type Level = (typeof levels)[number];

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** One program's tests, and the file in which it says all of them. */
export interface Part extends Tally {
  part: string;
  report: string | null;
  leaks?: readonly Leak[];
}

const test = {
  name: "test",
  summary: "static checks and tests",
  usage: "[static|unit|jobs|rules|contract|e2e] [--grep TEXT] [--attach]",
  examples: ["test", "test unit --grep names", "test e2e --attach"],
  options: {
    attach: {
      type: "boolean",
      summary:
        "use the stack that runs (--stack), instead of one of its own that is gone afterwards",
    },
    grep: { type: "string", placeholder: "TEXT", summary: "only tests whose name holds it" },
  },
  async run(context) {
    const [asked, ...rest] = context.args;
    if (rest.length > 0 || (asked && !levels.includes(asked as Level)))
      throw usage(test, `the levels are ${levels.join(", ")}`);
    const begun = Date.now();
    const total: Tally = { passed: 0, failed: 0, skipped: 0 };
    const parts: Part[] = [];
    const add = (part: Part) => {
      for (const key of ["passed", "failed", "skipped"] as const) total[key] += part[key];
      parts.push(part);
    };
    mkdirSync(reportsDir(context), { recursive: true });
    const wanted = asked ? [asked as Level] : levels;
    using leaks = leakWatch(context);
    if (wanted.includes("static")) for (const part of await checks(context)) add(part);
    if (wanted.includes("unit")) {
      add(await vitest(context, "unit", {}));
      add(
        await pytest(context, [
          ...["spark", "model"].map((name) => `--ignore=pipeline/tests/${name}`),
          "pipeline/tests",
        ]),
      );
    }
    if (wanted.includes("jobs"))
      add(
        await pytest(
          context,
          ["-p", "gridata_testkit", "pipeline/tests/spark", "spark-jobs"],
          await jobTestEnvironment(context),
        ),
      );
    // Each rule of the publish protocol and each part of supervision is taken out, and its test must notice.
    if (wanted.includes("rules")) {
      add(await pytest(context, ["pipeline/tests/model"]));
      add(
        one(
          "rules",
          await runs(context, "node", [
            "--disable-warning=ExperimentalWarning",
            "scripts/take-out-rules.ts",
            "--quick",
            ...(wanted.includes("unit") ? ["--green"] : []),
          ]),
        ),
      );
    }
    const stacked = wanted.filter((level) => onStack.includes(level));
    if (stacked.length > 0)
      await withStack(context, async (stack) => {
        const before = await leaks.layers(stack);
        for (const level of stacked) add(await vitest(context, level, { GRIDATA_STACK: stack }));
        add(leakPart(context, "left in the layers", await leaks.since(stack, before)));
        return total.failed === 0;
      });
    const ownStack = stacked.length > 0 && !context.options["attach"] ? testStack : null;
    if (wanted.some((level) => level !== "static"))
      add(leakPart(context, "left on the machine", await leaks.onMachine(ownStack)));
    const duration_s = (Date.now() - begun) / 1000;
    const report = join(reportsDir(context), "test.json");
    writeFileSync(report, `${JSON.stringify({ ...total, duration_s, parts }, null, 2)}\n`);
    return {
      ...(total.failed > 0 && { failure: failed(total.failed, report) }),
      document: { ...total, duration_s, report },
      text: `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
    };
  },
} satisfies CommandDef;
export default test;

const reportsDir = ({ checkout }: Context) =>
  process.env["GRIDATA_REPORTS"] ?? join(checkout, "reports");

const one = (part: string, ok: boolean): Part => ({
  ...{ part, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, report: null },
});

/** Whatever the tests left is a failure of its own, with a name for each. */
function leakPart(context: Context, part: string, leaks: readonly Leak[]): Part {
  if (leaks.length > 0) context.say(`${context.style.red(part)}\n${leakLines(leaks)}`);
  return { ...one(part, leaks.length === 0), leaks };
}

export const failed = (count: number, report: string) =>
  new KitError({
    code: "TESTS_FAILED",
    what: `${count} ${count === 1 ? "test" : "tests"} failed`,
    why: `what each said is above, and in the files that ${report} names`,
    fix: "mend the cause; `./gridata test LEVEL --grep TEXT` runs some of them again",
  });

/** Runs a program of this checkout with its output shown; true when it ended well. */
function runs(
  context: Context,
  name: string,
  args: string[],
  env: Record<string, string> = {},
  cwd: string = context.checkout,
  fine: readonly number[] = [0],
): Promise<boolean> {
  context.say(`${context.style.dim("test")} ${basename(name)} ${args.join(" ")}`);
  const out = context.json ? process.stderr : process.stdout;
  return new Promise((resolve, reject) => {
    const child = spawn(resolvePath(context.checkout, "node_modules/.bin", name), args, {
      env: { ...process.env, ...temporaryFolder(), ...env },
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      signal: context.signal,
    });
    child.stdout.pipe(out, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    child.once("error", reject);
    child.once("close", (code) => resolve(fine.includes(code ?? -1)));
  });
}

async function checks(context: Context): Promise<Part[]> {
  const tools = await pythonTools(context);
  const parts: Part[] = [];
  for (const { program, args, cwd } of staticChecks(context.checkout, ...tools))
    parts.push(
      one([basename(program), ...args].join(" "), await runs(context, program, args, {}, cwd)),
    );
  return parts;
}

async function pythonTools(context: Context): Promise<[ToolHandle, ToolHandle]> {
  const all = provision(["python-tools", "python-pipeline"], {
    checkout: context.checkout,
    signal: context.signal,
    onProgress: (event) => {
      if (event.kind === "tool" && ["downloading", "done"].includes(event.state) && event.bytes)
        context.say(`${context.style.dim("tool")} ${event.tool} ${event.what}`);
    },
  });
  await all.done;
  return [await all.tool("python-tools"), await all.tool("python-pipeline")];
}

/** Runs tests on a stack of their own, or on the one that the user names. */
export async function withStack(
  context: Context,
  work: (stack: string) => Promise<boolean>,
): Promise<void> {
  if (context.options["attach"]) return void (await work(context.stack));
  context.say(`${context.style.dim("test")} stack '${testStack}' starts, for these tests only`);
  await down.run({ ...context, stack: testStack, options: { purge: true } });
  await dev.run({ ...context, stack: testStack, options: {} });
  let ok = false;
  try {
    ok = await work(testStack);
  } finally {
    // Its logs are what tells why a test failed, and the stack goes.
    if (!ok) {
      const kept = join(reportsDir(context), "logs");
      cpSync(layoutOf(context.checkout, testStack).logs, kept, { recursive: true, force: true });
      context.say(`the logs of the stack are kept in ${kept}`);
    }
    await down.run({ ...context, stack: testStack, options: { purge: true } });
  }
}

/** Tests of the Python code: those of the pipeline, or those beside the jobs. */
async function pytest(
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
  const ok = await runs(
    context,
    python,
    [
      ...["-m", "pytest", "-c", "pipeline/pyproject.toml", "--rootdir", "."],
      ...["-p", "no:cacheprovider", ...args, `--junitxml=${report}`],
      // Its names are words with underscores: all words of the text.
      ...(typeof grep === "string" ? ["-k", (grep.match(/\w+/g) ?? []).join(" and ")] : []),
    ],
    { ...environment(context.checkout), ...env, PYTEST_DEBUG_TEMPROOT: folders },
    context.checkout,
    // No test of that name is no failure, as with vitest.
    typeof grep === "string" ? [0, 5] : [0],
  ).finally(() => rmSync(folders, { recursive: true, force: true }));
  try {
    const counts = /tests="(\d+)"/.exec(readFileSync(report, "utf8"));
    const found = (name: string) =>
      Number(new RegExp(`${name}="(\\d+)"`).exec(readFileSync(report, "utf8"))?.[1] ?? 0);
    const red = found("errors") + found("failures");
    const all = Number(counts?.[1] ?? 0);
    return {
      ...{ part, report },
      passed: all - red - found("skipped"),
      failed: Math.max(red, ok ? 0 : 1),
      skipped: found("skipped"),
    };
  } catch {
    return one(part, false);
  }
}

export async function vitest(
  context: Context,
  project: string,
  env: Record<string, string>,
): Promise<Part> {
  const report = join(reportsDir(context), `${project}.json`);
  rmSync(report, { force: true });
  const grep = context.options["grep"];
  const ok = await runs(
    context,
    "vitest",
    [
      ...["run", "--project", project, "--reporter=default", "--reporter=json"],
      `--outputFile.json=${report}`,
      ...(typeof grep === "string" ? ["-t", grep] : []),
    ],
    env,
  );
  try {
    const found = JSON.parse(readFileSync(report, "utf8")) as Record<string, number>;
    return {
      ...{ part: `vitest ${project}`, report },
      passed: found["numPassedTests"] ?? 0,
      // A file that doesn't load has no test that could fail.
      failed: Math.max(found["numFailedTests"] ?? 0, ok ? 0 : 1),
      skipped: found["numPendingTests"] ?? 0,
    };
  } catch {
    return one(`vitest ${project}`, false);
  }
}
