/** `test`: static checks and the levels of tests, over all languages. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Leak } from "../leaks/look.ts";
import { KitError } from "../model/errors.ts";
import { layoutOf } from "../runtimes/host/control.ts";
import { provision } from "../toolchain/provision.ts";
import type { ToolHandle } from "../toolchain/types.ts";
import dev from "./dev.ts";
import down from "./down.ts";
import { needServices } from "./need-services.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import { jobTestEnvironment } from "./job-tests.ts";
import { leakWatch } from "./leak-watch.ts";
import { staticChecks } from "./static-checks.ts";
import { one, pytest, reportsDir, runs, vitest, type Part, type Tally } from "./test-programs.ts";

const levels = ["static", "unit", "jobs", "rules", "contract", "e2e"] as const;
/** Levels that need a running stack. */
const onStack: readonly Level[] = ["contract", "e2e"];
const testStack = "test";
type Level = (typeof levels)[number];

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
      const { ok, told } = await runs(context, "node", {
        args: [
          ...["--disable-warning=ExperimentalWarning", "scripts/take-out-rules.ts", "--quick"],
          ...(wanted.includes("unit") ? ["--green"] : []),
        ],
        telling: /^\w+ +[\d.]+ s {2}(?!guarded)/,
      });
      add(one("rules", ok, told));
    }
    const stacked = wanted.filter((level) => onStack.includes(level));
    if (stacked.length > 0)
      await withStack(context, async (stack) => {
        const before = await leaks.layers(stack);
        for (const level of stacked) add(await vitest(context, level, { GRIDATA_STACK: stack }));
        add(leakPart("left in the layers", await leaks.since(stack, before)));
        return total.failed === 0;
      });
    const ownStack = stacked.length > 0 && !context.options["attach"] ? testStack : null;
    if (wanted.some((level) => level !== "static"))
      add(leakPart("left on the machine", await leaks.onMachine(ownStack)));
    const duration_s = (Date.now() - begun) / 1000;
    const report = join(reportsDir(context), "test.json");
    writeFileSync(report, `${JSON.stringify({ ...total, duration_s, parts }, null, 2)}\n`);
    for (const failure of parts.flatMap(({ failures }) => failures))
      context.say(`${context.style.red("failed")} ${failure}`);
    return {
      ...(total.failed > 0 && { failure: failed(total.failed, report) }),
      document: { ...total, duration_s, report },
      text: `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
    };
  },
} satisfies CommandDef;
export default test;

/** Whatever the tests left is a failure of its own, with a name for each. */
function leakPart(part: string, leaks: readonly Leak[]): Part {
  const why = leaks.map(({ kind, name }) => `${part}: ${kind} ${name}`);
  return { ...one(part, leaks.length === 0, why), leaks };
}

export const failed = (count: number, report: string) =>
  new KitError({
    code: "TESTS_FAILED",
    what: `${count} ${count === 1 ? "test" : "tests"} failed`,
    why: `what each said is above, and in the files that ${report} names`,
    fix: "mend the cause; `./gridata test LEVEL --grep TEXT` runs some of them again",
  });

async function checks(context: Context): Promise<Part[]> {
  const tools = await pythonTools(context);
  const parts: Part[] = [];
  for (const { program, args, cwd } of staticChecks(context.checkout, ...tools)) {
    const { ok } = await runs(context, program, { args, ...(cwd && { cwd }) });
    parts.push(one([basename(program), ...args].join(" "), ok));
  }
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
  if (context.options["attach"]) {
    needServices(context, "postgres");
    // One that is on its way is waited for.
    await dev.run({ ...context, options: {} });
    return void (await work(context.stack));
  }
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
