/**
 * Takes each guarded rule out of a copy of the code, one at a time, and expects the test that guards it to fail. A rule whose
 * test stays green is not guarded. `pipeline/tests/rules.json` names rule, place and test.
 *
 *   node scripts/take-out-rules.ts [--quick] [R3 ..]      --quick leaves out those that need a stack
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provision } from "@gridata/kit/toolchain";

interface Guard {
  rule: string;
  /** What holds with it, in a few words. */
  summary: string;
  file: string;
  find: string;
  replace: string;
  /** `contract`: on a stack of the copy, with the catalog built from it. */
  test: { runner: "pytest" | "contract"; file: string; name: string };
}

const checkout = join(import.meta.dirname, "..");
const words = process.argv.slice(2);
const asked = words.filter((word) => word !== "--quick");
const all = JSON.parse(
  readFileSync(join(checkout, "pipeline/tests/rules.json"), "utf8"),
) as Guard[];
const guards = all.filter(
  ({ rule, test }) =>
    (asked.length === 0 || asked.includes(rule)) &&
    !(words.includes("--quick") && test.runner === "contract"),
);
const names = ["python-tools", "python-pipeline", "postgres"] as const;
const tools = await provision(names, { checkout }).done;
const dir = (name: (typeof names)[number]) => tools.get(name)!.dir;
const packages = join(
  dir("python-pipeline"),
  "lib",
  readdirSync(join(dir("python-pipeline"), "lib")).find((name) => name.startsWith("python3"))!,
  "site-packages",
);

/** True when the test that guards the rule passes. */
function passes({ test }: Guard, copy: string): boolean {
  const [program, args, env] =
    test.runner === "pytest"
      ? [
          join(dir("python-tools"), "bin/python"),
          ["-m", "pytest", "-q", "-p", "no:cacheprovider", `${test.file}::${test.name}`],
          {
            PYTHONPATH: `${join(copy, "pipeline/src")}:${packages}`,
            PYTHONDONTWRITEBYTECODE: "1",
            GRIDATA_TEST_POSTGRES: join(dir("postgres"), "embedded_postgres/pginstall/bin"),
          },
        ]
      : [join(copy, "gridata"), ["test", "contract", "--grep", test.name], {}];
  const ran = spawnSync(program, args, {
    cwd: copy,
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 600_000,
  });
  const output = `${ran.stdout}${ran.stderr}`;
  if (ran.status !== 0 && !/failed/i.test(output))
    throw new Error(`${test.name} could not be run:\n${output.slice(-2000)}`);
  return ran.status === 0;
}

const tracked = spawnSync("git", ["ls-files"], { cwd: checkout, encoding: "utf8" }).stdout;
const copy = mkdtempSync(join(tmpdir(), "gridata-rules-"));
let unguarded = 0;
try {
  for (const file of tracked.trim().split("\n"))
    cpSync(join(checkout, file), join(copy, file), { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(copy, "node_modules"));
  const green = new Map<string, boolean>();
  for (const guard of guards) {
    const path = join(copy, guard.file);
    const original = readFileSync(path, "utf8");
    const pieces = original.split(guard.find);
    if (pieces.length !== 2)
      throw new Error(
        `${guard.rule}: '${guard.find}' is ${pieces.length - 1} times in ${guard.file}, not once`,
      );
    // Tests on a stack were green with the rule in the run of all tests; starting a stack twice for each shows no more.
    if (guard.test.runner === "pytest" && !green.has(guard.test.name))
      green.set(guard.test.name, passes(guard, copy));
    writeFileSync(path, pieces.join(guard.replace));
    const without = passes(guard, copy);
    writeFileSync(path, original);
    const verdict =
      green.get(guard.test.name) === false
        ? "its test fails even with the rule"
        : without
          ? "NOT GUARDED"
          : "guarded";
    if (verdict !== "guarded") unguarded++;
    console.log(`${guard.rule}  ${verdict.padEnd(11)}  ${guard.summary}  (${guard.test.name})`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${guards.length - unguarded} of ${guards.length} rules are guarded`);
process.exitCode = unguarded === 0 && guards.length > 0 ? 0 : 1;
