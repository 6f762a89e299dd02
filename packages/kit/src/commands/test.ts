/** `test`: static checks and the levels of tests, over all languages. */
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { basename, join, resolve as resolvePath } from "node:path";
import { Exit } from "../model/errors.ts";
import { provision } from "../toolchain/provision.ts";
import type { ToolHandle } from "../toolchain/types.ts";
import dev from "./dev.ts";
import down from "./down.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import { jobTestEnvironment } from "./job-tests.ts";
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
    const add = (tally: Tally) => {
      for (const key of ["passed", "failed", "skipped"] as const) total[key] += tally[key];
    };
    const wanted = asked ? [asked as Level] : levels;
    if (wanted.includes("static")) add(await checks(context));
    if (wanted.includes("unit")) {
      add(await vitest(context, "unit", {}));
      add(await pytest(context, ["pipeline/tests"]));
    }
    if (wanted.includes("jobs"))
      add(
        await pytest(
          context,
          ["-p", "gridata_testkit", "spark-jobs"],
          await jobTestEnvironment(context),
        ),
      );
    // Each rule of the publish protocol is taken out, and its test must notice.
    if (wanted.includes("rules"))
      add(
        (await runs(context, "node", [
          "--disable-warning=ExperimentalWarning",
          "scripts/take-out-rules.ts",
          "--quick",
        ]))
          ? { passed: 1, failed: 0, skipped: 0 }
          : { passed: 0, failed: 1, skipped: 0 },
      );
    const stacked = wanted.filter((level) => onStack.includes(level));
    if (stacked.length > 0)
      await withStack(context, async (stack) => {
        for (const level of stacked) add(await vitest(context, level, { GRIDATA_STACK: stack }));
      });
    return {
      exit: total.failed > 0 ? Exit.failed : Exit.done,
      document: { ...total, duration_s: (Date.now() - begun) / 1000, report: null },
      text: `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
    };
  },
} satisfies CommandDef;
export default test;

/** Runs a program of this checkout with its output shown; true when it ended well. */
function runs(
  context: Context,
  name: string,
  args: string[],
  env: Record<string, string> = {},
  cwd: string = context.checkout,
): Promise<boolean> {
  context.say(`${context.style.dim("test")} ${basename(name)} ${args.join(" ")}`);
  const out = context.json ? process.stderr : process.stdout;
  return new Promise((resolve, reject) => {
    const child = spawn(resolvePath(context.checkout, "node_modules/.bin", name), args, {
      env: { ...process.env, ...env },
      cwd,
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
  const tools = await pythonTools(context);
  for (const { program, args, cwd } of staticChecks(context.checkout, ...tools))
    if (await runs(context, program, args, {}, cwd)) tally.passed++;
    else tally.failed++;
  return tally;
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
async function withStack(context: Context, work: (stack: string) => Promise<void>): Promise<void> {
  if (context.options["attach"]) return work(context.stack);
  context.say(`${context.style.dim("test")} stack '${testStack}' starts, for these tests only`);
  await down.run({ ...context, stack: testStack, options: { purge: true } });
  await dev.run({ ...context, stack: testStack, options: {} });
  let ok = false;
  try {
    await work(testStack);
    ok = true;
  } finally {
    // Its logs are what tells why a test failed.
    if (!ok) context.say(`the logs of the stack: ./gridata logs --stack ${testStack}`);
    await down.run({ ...context, stack: testStack, options: { purge: true } });
  }
}

/** Tests of the Python code: those of the pipeline, or those beside the jobs. */
async function pytest(
  context: Context,
  args: string[],
  env: Record<string, string> = {},
): Promise<Tally> {
  const [tools, pipeline] = await pythonTools(context);
  const postgres = await provision(["postgres"], context).tool("postgres");
  const report = join(context.checkout, "node_modules/.gridata-pytest.xml");
  const packages = join(pipeline.dir, "lib", pythonLib(pipeline.dir));
  const ok = await runs(
    context,
    join(tools.dir, "bin/python"),
    [
      ...["-m", "pytest", "-c", "pipeline/pyproject.toml", "--rootdir", "."],
      ...["-p", "no:cacheprovider", ...args, `--junitxml=${report}`],
    ],
    {
      ...env,
      PYTHONPATH: [
        join(context.checkout, "pipeline/src"),
        join(context.checkout, "pipeline/testkit"),
        packages,
      ].join(":"),
      PYTHONDONTWRITEBYTECODE: "1",
      GRIDATA_TEST_POSTGRES: join(postgres.dir, "embedded_postgres/pginstall/bin"),
    },
  );
  try {
    const counts = /tests="(\d+)"/.exec(readFileSync(report, "utf8"));
    const found = (name: string) =>
      Number(new RegExp(`${name}="(\\d+)"`).exec(readFileSync(report, "utf8"))?.[1] ?? 0);
    const failed = found("errors") + found("failures");
    const all = Number(counts?.[1] ?? 0);
    return {
      passed: all - failed - found("skipped"),
      failed: Math.max(failed, ok ? 0 : 1),
      skipped: found("skipped"),
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(report, { force: true });
  }
}

const pythonLib = (dir: string): string =>
  `${readdirSync(join(dir, "lib")).find((name) => name.startsWith("python3"))}/site-packages`;

async function vitest(
  context: Context,
  project: string,
  env: Record<string, string>,
): Promise<Tally> {
  const report = join(context.checkout, `node_modules/.gridata-test-${project}.json`);
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
