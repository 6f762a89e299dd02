/** Every command, run: its exit code, and its document held to the published schema. */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { registry } from "@gridata/kit/commands/registry";
import { documentSchemas } from "@gridata/kit/documents";
import { openWorld, transactions, until, type World } from "@gridata/testkit";
import { stackName } from "../clients.ts";
import { checkout, gridata, ran } from "../command-line.ts";

const breaches = documentSchemas(checkout);
const table = "sales.transactions_v1";
const good = transactions({ seed: 51, records: 40 });
let world: World;
let dir: string;

// The first file of a stack loads Spark.
vi.setConfig({ testTimeout: 240_000 });

beforeAll(async () => {
  world = await openWorld();
  dir = mkdtempSync(join(tmpdir(), "gridata-documents-"));
  writeFileSync(join(dir, "good.csv"), good.bytes);
  writeFileSync(join(dir, "bad.csv"), "transaction_id,account_id\nT1,x\n");
});
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await world?.close();
});

/** Runs a command with --json in the test's world: exactly one document on standard output, true to its schema. */
async function document(words: string, options: Parameters<typeof gridata>[1] = {}) {
  const args = words.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ""));
  const { exit, stdout, stderr } = await gridata([...args, "--json"], {
    cwd: dir,
    ...options,
    env: { GRIDATA_STACK: stackName, GRIDATA_WORLD: world.name, ...options.env },
  });
  expect(stdout.split("\n").length, `${stdout}\n${stderr}`).toBe(2);
  const found = JSON.parse(stdout) as Record<string, any>;
  expect(breaches(found), stdout).toBeNull();
  expect(found["ok"]).toBe(exit === 0);
  return { exit, found, stdout };
}

it.each(Object.keys(registry))("%s refuses a flag that it has not: exit 2", async (name) => {
  const { exit, found } = await document(`${name} --no-such-flag`);
  expect([exit, found["error"].code]).toEqual([2, "USAGE"]);
});

it.each([
  "status",
  "env",
  "drop good.csv --to sales.transactions",
  "trace good.csv",
  `table ${table}`,
  `sql "select 1"`,
  "logs",
  "open airflow --print",
  "world list",
])("%s of a stack that does not run: exit 4", async (words) => {
  const { exit, found } = await document(words, { env: { GRIDATA_STACK: "nowhere" } });
  expect([exit, found["error"].code]).toEqual([4, "STACK_NOT_RUNNING"]);
});

describe("the stack", () => {
  it("dev attaches to it, status shows it", async () => {
    const { found } = await document("dev");
    expect(found).toMatchObject({ state: "ready", stack: stackName, reattached: true });
    const { found: seen } = await document("status");
    for (const service of seen["services"])
      expect(service.memory_bytes, service.name).toBeGreaterThan(0);
  });

  it("down of one that does not run stops and removes nothing", async () => {
    const { exit, found } = await document("down", { env: { GRIDATA_STACK: "nowhere" } });
    expect([exit, found["stopped"], found["removed"]]).toEqual([0, [], []]);
  });

  it("env shows no secret unless it is asked to, and names a private file that has them", async () => {
    const secrets = JSON.parse(
      readFileSync(join(stateFolder(checkout, stackName), "secrets/generated.json"), "utf8"),
    ) as Record<string, string>;
    const hidden = await document("env");
    for (const secret of Object.values(secrets)) expect(hidden.stdout).not.toContain(secret);
    const file = hidden.found["credentials_file"];
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { found } = await document("env --reveal");
    expect(found["catalog"].token).toBe(JSON.parse(readFileSync(file, "utf8")).catalog.token);
    // Who may change something is told of only when that is asked for.
    for (const service of ["catalog", "airflow", "spark"]) {
      const own = Object.entries(secrets).filter(([name]) => name.startsWith(`${service}-`));
      const shown = own.filter(([, secret]) => JSON.stringify(found).includes(secret));
      expect(shown.map(([name]) => name)).toEqual(service === "spark" ? [] : [`${service}-reader`]);
    }
    const admin = (await document("env --reveal --admin")).found;
    expect(admin).toMatchObject({ identity: "admin", spark: { token: secrets["spark-token"] } });
  });

  it("logs: entries of one service, none that is older than asked; an unknown one: exit 3", async () => {
    const { found } = await document("logs airflow --lines 2");
    expect(new Set(found["entries"].map((e: any) => e.service))).toEqual(
      new Set(["airflow-api", "airflow-scheduler", "airflow-dag-processor"]),
    );
    const later = await document("logs --since 2199-01-01");
    expect(later.found["entries"]).toEqual([]);
    expect((await document("logs gatway")).found["error"]).toMatchObject({
      code: "NO_SUCH_SERVICE",
      fix: expect.stringContaining("gateway"),
    });
  });

  it("logs -f: a document a line until Ctrl-C, then exit 130", async () => {
    const child = spawn(
      join(checkout, "gridata"),
      ["logs", "-f", "--lines", "1", "--json", "--stack", stackName],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      expect(breaches(JSON.parse(line)), line).toBeNull();
      if (lines++ === 0) child.kill("SIGINT");
    }
    expect(await ended).toBe(130);
  });

  it("open airflow: an address that signs in once, by a cookie; no credential is in it or in an argv", async () => {
    const { found } = await document("open airflow --print");
    const visit = await fetch(found["url"], { redirect: "manual" });
    expect([visit.status, visit.headers.get("location")]).toEqual([302, found["pages"]]);
    const cookie = visit.headers.get("set-cookie")!.split(";")[0]!;
    const token = cookie.replace("_token=", "");
    expect(found["url"]).not.toContain(token);
    expect(argvs().some((argv) => argv.includes(token))).toBe(false);
    const me = await fetch(`${found["pages"]}/ui/auth/me`, { headers: { cookie } });
    expect([me.status, await me.json()]).toMatchObject([200, { username: "admin" }]);
    const again = await fetch(found["url"], { redirect: "manual" }).then(
      ({ status }) => status,
      () => "gone",
    );
    expect(again).toBe("gone");
  });
});

it("doctor --bundle: what tells of the stack in one file, with none of its secrets", async () => {
  const { found } = await document("doctor --bundle");
  const { path, files, missing } = found["bundle"];
  expect(missing).toEqual([]);
  for (const name of ["status.json", "ledger.json", "passports.json", "logs/spark.log"])
    expect(files).toContain(name);
  const into = join(dir, "bundle");
  mkdirSync(into);
  expect((await ran("tar", ["-xzf", path, "-C", into], { env: process.env, cwd: dir })).exit).toBe(
    0,
  );
  const secrets = Object.values(
    JSON.parse(
      readFileSync(join(stateFolder(checkout, stackName), "secrets/generated.json"), "utf8"),
    ) as Record<string, string>,
  );
  const texts = readdirSync(into, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  expect(texts).toHaveLength(files.length);
  for (const secret of secrets) expect(texts.some((text) => text.includes(secret))).toBe(false);
});

describe("worlds", () => {
  const name = `${Date.now().toString(36)}_sandbox`.replace(/^\d/, "w");

  it("world: opened twice, listed with its files, removed; then it is unknown (3)", async () => {
    for (let i = 0; i < 2; i++) {
      const { found } = await document(`world open ${name}`);
      expect(found["worlds"]).toMatchObject([{ world: name, state: "open", files: "0" }]);
      // Who copies a file there need not make its folder.
      expect(existsSync(join(found["worlds"][0].drop_dir, "sales/transactions"))).toBe(true);
    }
    await document("drop good.csv --to sales.transactions", { env: { GRIDATA_WORLD: name } });
    const listed = await until(`world ${name} to have the file`, async () => {
      const { found } = await document("world list");
      expect(found["worlds"].map((one: any) => one.world)).toContain(world.name);
      const own = found["worlds"].find((one: any) => one.world === name);
      return own.files === "1" && own;
    });
    expect(listed.state).toBe("open");
    const { found: gone } = await document(`world remove ${name}`);
    expect(gone).toMatchObject({ worlds: [{ world: name, state: "removed", drop_dir: null }] });
    expect(existsSync(listed.drop_dir)).toBe(false);
    const { exit, found: none } = await document(`world remove ${name}`);
    expect([exit, none["error"].code]).toEqual([3, "NO_SUCH_WORLD"]);
  });

  it("world: the default one is kept, and a name that can't be one is a mistake", async () => {
    expect((await document("world remove default")).found["error"].code).toBe("WORLD_KEPT");
    expect((await document("world open Not-One")).found["error"].code).toBe("NAME_INVALID");
    expect((await document("world")).exit).toBe(2);
    expect((await document("soak --minutes 0")).exit).toBe(2);
  });
});

describe("files and tables", () => {
  it("check: accepted, refused with the evidence (10), no such file and no such dataset (3)", async () => {
    const { found } = await document("check good.csv --to sales.transactions");
    expect(found).toMatchObject({
      records: "40",
      accepted: "40",
      rejected: "0",
      reason: null,
      table,
    });
    const bad = await document("check bad.csv --to sales.transactions");
    expect([bad.exit, bad.found["error"].code]).toEqual([10, "HEADER_MISMATCH"]);
    expect(bad.found["error"].why).toBe(bad.found["reason"]);
    expect((await document("check none.csv --to sales.transactions")).exit).toBe(3);
    const near = await document("check good.csv --to sales.transaction");
    expect([near.exit, near.found["error"].fix]).toEqual([3, "did you mean sales.transactions?"]);
  });

  it("drop --wait: published; then trace, table and sql know it", async () => {
    const { found } = await document("drop good.csv --to sales.transactions --wait");
    const [file] = found["files"];
    expect(file).toMatchObject({
      ...{ state: "published", file_id: good.fileId, table },
      rows: { in: "40", published: "40", rejected: "0" },
    });
    const traced = await document("trace good.csv --logs --wait");
    expect(traced.found).toMatchObject({ ...file, attempts: 1, history: [{ attempt: 1 }] });
    expect(traced.found["run_ids"]).toEqual([`${world.name}.${traced.found["batch_id"]}.1`]);
    // What each of them wrote about it.
    const wrote = new Set(traced.found["logs"].map((e: any) => e.service));
    for (const service of ["gateway", "dispatcher", "steps", "airflow-scheduler"])
      expect(wrote, service).toContain(service);
    const asBatch = await document(`logs --batch ${traced.found["batch_id"]}`);
    expect(asBatch.found["entries"].length).toBeGreaterThan(5);

    const shown = await document(`table ${table} --rows --snapshots --order-by _row --limit 3`);
    expect(shown.found).toMatchObject({
      ...{ table, row_count: "40", snapshot_id: file.snapshot_id },
      partitions: [{ column: "occurred_at", transform: "day" }, { column: "account_id" }],
    });
    expect(shown.found["rows"].map((row: any) => row["_row"])).toEqual(["1", "2", "3"]);
    const newest = shown.found["snapshots"].at(-1);
    expect(newest).toMatchObject({ refs: ["main"], batch: traced.found["batch_id"] });

    const asked = await document(`sql "select count(*) as n, min(_row) as least from ${table}"`);
    expect(asked.found).toMatchObject({
      rows: [{ n: "40", least: "1" }],
      columns: [{ name: "n" }, { name: "least" }],
      truncated: false,
    });
    expect((await document(`sql "from ${table}" --limit 7`)).found).toMatchObject({
      truncated: true,
      rows: { length: 7 },
    });
  });

  it("a table as of an earlier snapshot or time is that one; one that never was: exit 3", async () => {
    const { found } = await document(`table ${table} --snapshots`);
    const [empty, first] = found["snapshots"];
    const before = await document(`table ${table} --as-of ${empty.snapshot_id}`);
    expect(before.found).toMatchObject({ row_count: "0", snapshot_id: empty.snapshot_id });
    const then = await document(`table ${table} --as-of ${first.committed_at}`);
    expect(then.found["snapshot_id"]).toBe(first.snapshot_id);
    for (const when of ["12345", "2001-01-01"]) {
      const { exit, found: none } = await document(`table ${table} --as-of ${when}`);
      expect([exit, none["error"].code]).toEqual([3, "NO_SUCH_SNAPSHOT"]);
    }
    const typo = await document("table sales.transaction_v1");
    expect([typo.exit, typo.found["error"].fix]).toEqual([3, `did you mean ${table}?`]);
    const column = await document(`table ${table} --rows --order-by acount_id`);
    expect([column.exit, column.found["error"].what]).toMatchObject([
      2,
      expect.stringContaining("did you mean account_id?"),
    ]);
  });

  it.each([
    "insert into sales.transactions_v1 select * from sales.transactions_v1",
    "drop table sales.transactions_v1",
    "copy (select 1) to '/tmp/never.csv'",
    "select 1; select 2",
    "pragma version",
  ])("sql only reads: %s", async (statement) => {
    const { exit, found } = await document(`sql "${statement}"`);
    expect([exit, found["error"].code]).toEqual([2, "SQL_NOT_A_SELECT"]);
  });

  it.each([
    ["selct 1", 2, "SQL_INVALID"],
    ["select amout from sales.transactions_v1", 2, "SQL_INVALID"],
    ["select * from sales.transaction_v1", 3, "NO_SUCH_TABLE"],
  ])("sql shows the line with a caret: %s", async (statement, exit, code) => {
    const { exit: was, found } = await document(`sql "${statement}"`);
    expect([was, found["error"].code]).toEqual([exit, code]);
    expect(found["error"].why).toMatch(/LINE 1: .*\n *\^/);
  });

  it("sql: a value that can't be what it is asked to be is the asker's mistake too", async () => {
    const { exit, found } = await document(
      'sql "select cast(currency as int) from sales.transactions_v1"',
    );
    expect([exit, found["error"].code]).toEqual([2, "SQL_INVALID"]);
  });

  it("drop --wait and trace --wait of a file that is rejected: exit 10, its reason the error", async () => {
    const { exit, found } = await document("drop bad.csv --to sales.transactions --wait");
    expect([exit, found["files"][0].state]).toEqual([10, "rejected"]);
    expect(found["error"]).toMatchObject({
      code: "HEADER_MISMATCH",
      why: found["files"][0].reason,
    });
    const traced = await document("trace bad.csv --wait");
    expect([traced.exit, traced.found["hops"].length]).toEqual([10, 10]);
    expect((await document("trace bad.csv")).exit).toBe(0);
  });

  it("drop without --wait has no verdict yet; a deadline that passes is exit 5; what is not there exit 3", async () => {
    const { found } = await document("drop good.csv --to sales.transactions");
    expect(found["files"]).toMatchObject([{ state: "staged", snapshot_id: null }]);
    const id = found["files"][0].delivery_id;
    expect((await document(`trace ${id} --wait`)).found["state"]).toBe("duplicate");
    const late = await document("drop good.csv --to sales.transactions --wait --timeout 0.001");
    expect([late.exit, late.found["error"].code]).toEqual([5, "DEADLINE_PASSED"]);
    expect((await document("drop none.csv --to sales.transactions")).exit).toBe(3);
    expect((await document("trace none.csv")).exit).toBe(3);
  });
});

describe("without a stack", () => {
  it("contracts check: all is well here; elsewhere every problem with its place, the first one the error", async () => {
    const { found } = await document("contracts check");
    expect(found["contracts"].length).toBeGreaterThan(0);
    const elsewhere = join(dir, "checkout");
    mkdirSync(join(elsewhere, "contracts/sales"), { recursive: true });
    for (const name of ["packages", "toolchain", "node_modules", "scripts", "apps", "pipeline"])
      symlinkSync(join(checkout, name), join(elsewhere, name));
    writeFileSync(join(elsewhere, "contracts/sales/broken.odcs.yaml"), "kind: DataContract\n");
    const { exit, stdout } = await ran(
      process.execPath,
      [
        ...["--disable-warning=ExperimentalWarning", "--input-type=module", "-e"],
        `import { main } from ${JSON.stringify(join(checkout, "packages/kit/src/commands/framework.ts"))};
         process.exitCode = await main(["contracts", "check", "--json"], ${JSON.stringify(elsewhere)});`,
      ],
      { env: process.env, cwd: elsewhere },
    );
    const broken = JSON.parse(stdout);
    expect([exit, breaches(broken)]).toEqual([1, null]);
    expect(broken.problems.length).toBeGreaterThan(0);
    expect(broken.error.code).toBe(broken.problems[0].code);
  });

  it("doctor: prerequisites and tools; with --prune what went; without a Python: exit 6", async () => {
    const cache = join(dir, "cache");
    const entry = join(cache, "tools/ecj/0123456789abcdef0123");
    mkdirSync(entry, { recursive: true });
    writeFileSync(join(entry, "x.jar"), "12345");
    const { found } = await document("doctor --prune", { env: { GRIDATA_CACHE: cache } });
    expect(found["pruned"]).toMatchObject({ freed_bytes: 5, removed: [{ path: entry }] });
    expect(existsSync(entry)).toBe(false);
    const { exit, stdout } = await ran(
      join(checkout, "node_modules/.bin/node"),
      [join(checkout, "scripts/gridata.ts"), "doctor", "--json"],
      { env: { PATH: "/nowhere", HOME: dir, GRIDATA_CACHE: cache }, cwd: dir },
    );
    const bare = JSON.parse(stdout);
    expect([exit, breaches(bare), bare.error.code]).toEqual([6, null, "PREREQUISITE_MISSING"]);
    expect(bare.checks.filter((c: any) => !c.ok && c.needed).map((c: any) => c.name)).toContain(
      "python",
    );
  });

  it("test: figures, and a report that is there", async () => {
    const { found } = await document("test jobs --grep no_test_of_this_name", {
      env: { GRIDATA_REPORTS: join(dir, "reports") },
    });
    // The look for what it left is one that passed.
    expect([found["passed"], found["failed"]]).toEqual([1, 0]);
    const report = JSON.parse(readFileSync(found["report"], "utf8"));
    expect(report).toMatchObject({
      failed: 0,
      parts: [{ part: "pytest spark-jobs" }, { leaks: [] }],
    });
    expect(existsSync(report.parts[0].report)).toBe(true);
  });

  it("bench and open say what they know; an unknown command what was meant", async () => {
    expect((await document("bench nothing")).exit).toBe(2);
    expect((await document("open nothing")).exit).toBe(2);
    const { exit, stdout } = await gridata(["stats", "--json"]);
    expect(breaches(JSON.parse(stdout))).toBeNull();
    expect([exit, JSON.parse(stdout).error]).toMatchObject([
      2,
      { code: "USAGE_UNKNOWN_COMMAND", fix: expect.stringContaining("status") },
    ]);
  });
});

const argvs = (): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8");
      } catch {
        return "";
      }
    });
