/**
 * Takes each guard out of a copy of the code, one at a time, and expects every test that it names to fail. A guard whose test stays
 * green is none. `guards/rules.json` has the rules of the publish protocol, `guards/supervision.json` what keeps a stack up,
 * `guards/faults.json` what survives a fault: those start a stack each, so they are taken out only by name, or with `--faults`.
 *
 *   node scripts/take-out-rules.ts [--quick] [--green] [--faults] [R3 liveness F10 ..]
 *
 * --quick: the first of each rule and feature. --green: the tests were just seen to be green, so that isn't looked at.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { pythonTests } from "@gridata/kit/commands/python-tests";
import { copyCheckout } from "@gridata/testkit/checkout";

interface Guard {
  /** Or the feature. */
  rule: string;
  /** What holds with it, in a few words. */
  summary: string;
  file: string;
  find: string;
  replace: string;
  /** `<file>::<name>`; of TypeScript a part of the name. */
  tests: string[];
}

const checkout = join(import.meta.dirname, "..");
const words = process.argv.slice(2);
const flag = (name: string) => words.includes(name);
const asked = words.filter((word) => !word.startsWith("--"));
const read = (name: string) =>
  JSON.parse(readFileSync(join(checkout, `scripts/guards/${name}.json`), "utf8")) as Guard[];
const faults = read("faults");
const listed = flag("--faults") ? faults : [...read("rules"), ...read("supervision"), ...faults];
const wanted = (guard: Guard) =>
  asked.length > 0 ? asked.includes(guard.rule) : flag("--faults") || !faults.includes(guard);
const guards = listed.filter(
  (guard, i) =>
    wanted(guard) && !(flag("--quick") && listed.findIndex(({ rule }) => rule === guard.rule) < i),
);
const { python, environment } = await pythonTests({ checkout });

// A test's stack ends with it, and the copies go.
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());

const shared = spawn(python, ["pipeline/tests/model/serve.py"], {
  cwd: checkout,
  env: {
    ...process.env,
    ...environment(checkout),
    PYTHONPATH: `${join(checkout, "pipeline/tests")}:${environment(checkout)["PYTHONPATH"]}`,
  },
  stdio: ["pipe", "pipe", "inherit"],
});
const servers = await new Promise<Record<string, string>>((resolve, reject) => {
  createInterface({ input: shared.stdout }).once("line", (line) => resolve(JSON.parse(line)));
  shared.once("exit", () => reject(new Error("no ledger and catalog for the tests")));
});

const chaos = "tests/chaos/";

type Run = [program: string, args: string[], env: Record<string, string>];

/** What runs a test. `java`: the catalog is made from the copy. */
function runOf(test: string, copy: string, java: boolean): Run {
  const [file, name] = test.split("::") as [string, string];
  if (file.startsWith(chaos))
    return [join(copy, "gridata"), ["chaos", "--grep", name], { CI: "true" }];
  const vitest = join(checkout, "node_modules/vitest/vitest.mjs");
  if (file.endsWith(".ts"))
    return [process.execPath, [vitest, "run", "--project", "unit", file, "-t", name], {}];
  return [
    python,
    ["-m", "pytest", "-x", "-p", "no:cacheprovider", test],
    {
      ...environment(copy),
      GRIDATA_TEST_ANY_FAILURE: "1",
      // pytest keeps the folders of runs that failed: they go with the copy.
      PYTEST_DEBUG_TEMPROOT: copy,
      GRIDATA_TEST_SERVER: servers["GRIDATA_TEST_SERVER"]!,
      ...(!java && { GRIDATA_TEST_CATALOG: servers["GRIDATA_TEST_CATALOG"]! }),
    },
  ];
}

/** Undefined when the test passes, else the line that says why not. */
async function failure(test: string, copy: string, java: boolean): Promise<string | undefined> {
  const [program, args, env] = runOf(test, copy, java);
  const child = spawn(program, args, {
    cwd: copy,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 900_000,
    ...{ signal: stopping.signal, killSignal: "SIGINT" },
  });
  // Of an abort; what it had to say is in its output.
  child.once("error", () => {});
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  // A name that no test has is no guard either.
  const ran = status === 0 ? /[1-9]\d* passed/ : /[1-9]\d* failed/;
  if (!ran.test(output)) throw new Error(`${test} could not be run:\n${output.slice(-2000)}`);
  if (status === 0) return undefined;
  const lines = stripVTControlCharacters(output).split("\n");
  return lines.find((line) => /^\s*(E  |\w*Error: |failed )/.test(line))?.trim() ?? "";
}

const seen = new Map<string, Promise<string | undefined>>();
async function verdict(guard: Guard, copy: string): Promise<string> {
  const path = join(copy, guard.file);
  const original = readFileSync(path, "utf8");
  const pieces = original.split(guard.find);
  if (pieces.length !== 2)
    return `'${guard.find}' is ${pieces.length - 1} times in ${guard.file}, not once`;
  const java = guard.file.endsWith(".java");
  for (const test of guard.tests) {
    if (!flag("--green") && !seen.has(test)) seen.set(test, failure(test, copy, java));
    const why = await seen.get(test);
    if (why !== undefined) return `${test} fails with it too: ${why}`;
  }
  try {
    writeFileSync(path, pieces.join(guard.replace));
    const green: string[] = [];
    for (const test of guard.tests) {
      const why = await failure(test, copy, java);
      stopping.signal.throwIfAborted();
      if (why === undefined) green.push(test);
      // Read it: a test that fails for another reason guards nothing.
      else if (test.startsWith(chaos)) console.log(`  red: ${test}\n       ${why.slice(0, 300)}`);
    }
    return green.length === 0 ? "guarded" : `NOT GUARDED by ${green.join(", ")}`;
  } finally {
    writeFileSync(path, original);
  }
}

/** Whether they start stacks: one at a time, of a checkout with packages of its own. */
const stacks = guards.some(({ tests }) => tests.some((test) => test.startsWith(chaos)));
const waiting = [...guards];
let unguarded = 0;
async function work(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), "gridata-rules-"));
  copyCheckout(checkout, copy, stacks ? "none" : "shared");
  if (stacks)
    execFileSync(join(copy, "gridata"), ["--help"], { stdio: ["ignore", "ignore", "inherit"] });
  try {
    for (let guard = waiting.shift(); guard && !stopping.signal.aborted; guard = waiting.shift()) {
      const begun = performance.now();
      const found = await verdict(guard, copy).catch((error: Error) => error.message);
      if (found !== "guarded") unguarded++;
      const seconds = ((performance.now() - begun) / 1000).toFixed(1).padStart(6);
      console.log(`${guard.rule.padEnd(10)} ${seconds} s  ${found}: ${guard.summary}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
try {
  await Promise.all(Array.from({ length: stacks ? 1 : Math.min(2, availableParallelism()) }, work));
} finally {
  shared.stdin.end();
}
console.log(`${guards.length - unguarded} of ${guards.length} are guarded`);
process.exitCode = unguarded === 0 && guards.length > 0 ? 0 : 1;
