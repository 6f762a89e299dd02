/** State that an earlier commit wrote: `tests/fixtures/state` has what it left of a published, a bad, and a parked file. */
import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deliveriesByName, hopsOf } from "@gridata/kit/clients/passports";
import { createPool } from "@gridata/kit/clients/pg";
import { superuser } from "@gridata/kit/leaks/read";
import { chooseFacts } from "@gridata/kit/runtimes/host/facts";
import { layoutOf } from "@gridata/kit/runtimes/host/layout";
import { stackDef } from "@gridata/kit/services";
import { migrate } from "@gridata/kit/services/postgres/migrate";
import { stackName } from "../clients.ts";
import { checkout } from "../command-line.ts";

const fixture = join(import.meta.dirname, "../fixtures/state");
const read = (name: string) => readFileSync(join(fixture, name), "utf8");
const migrations = join(checkout, "pipeline/src/gridata/ledger/migrations");
/** What the earlier commit had applied, by name and checksum. */
const applied = JSON.parse(read("migrations.json")) as Record<string, string>;

const database = `upgrade_${randomBytes(4).toString("hex")}`;
const access = superuser(checkout, stackName);
const server = createPool({ ...access, database: "postgres" }, "test", 1);
// One connection: a migration is a transaction of several statements.
const old = createPool({ ...access, database }, "test", 1);
const ledger = {
  query: async (sql: string, parameters: readonly unknown[] = []) =>
    old.query(sql, [...parameters]),
};

beforeAll(async () => {
  await server.query(`create database ${database} owner ledger_owner`);
  const then = mkdtempSync(join(tmpdir(), "gridata-upgrade-"));
  for (const name of Object.keys(applied)) cpSync(join(migrations, name), join(then, name));
  await migrate(old, then, "ledger_owner");
  rmSync(then, { recursive: true });
  await old.query(read("ledger.sql"));
});
afterAll(async () => {
  await old.end();
  await server.query(`drop database if exists ${database} with (force)`);
  await server.end();
});

it("no migration that a released commit applied was changed since", () => {
  for (const [name, checksum] of Object.entries(applied))
    expect(
      createHash("sha256")
        .update(readFileSync(join(migrations, name)))
        .digest("hex"),
      name,
    ).toBe(checksum);
});

it("the ledger is migrated: files keep their verdicts and passports, and what was parked is taken up", async () => {
  const before = await ledger.query("select * from ledger.delivery order by delivery_id");
  const done = await migrate(old, migrations, "ledger_owner");
  expect(done.length).toBeGreaterThan(0);
  expect(await migrate(old, migrations, "ledger_owner")).toEqual([]);
  const after = await ledger.query("select * from ledger.delivery order by delivery_id");
  expect(after.rows).toEqual(before.rows.map((row) => expect.objectContaining(row)));

  const states = Object.fromEntries(
    (await deliveriesByName(ledger, "default")).map((d) => [`${d.domain} ${d.name}`, d.state]),
  );
  expect(states).toEqual({
    "sales my.csv": "published",
    "sales bad.csv": "rejected",
    "nobody my.csv": "parked",
  });
  const [published] = await deliveriesByName(ledger, "default", "my.csv");
  expect((await hopsOf(ledger, published!)).map(({ state }) => state)).toEqual(
    Array<string>(10).fill("done"),
  );
  // Today's functions work on yesterday's rows.
  const datasets = [
    { domain: "nobody", dataset: "knows", table: "nobody.knows_v1", fingerprint: "new" },
  ];
  await ledger.query("select ledger.activate_release('r-new', $1)", [JSON.stringify(datasets)]);
  const claimed = await ledger.query(
    "select ledger.claim('default', 'nobody.knows_v1', 'nobody', 'knows', 'r-new', 'b0000000000zzz', 9, 999999) as batch",
  );
  expect(claimed.rows).toEqual([{ batch: "b0000000000zzz" }]);
});

it("a ledger with a migration of a later commit is refused", async () => {
  await ledger.query(
    "insert into migration.applied (name, checksum) values ('9999_later.sql', 'x')",
  );
  try {
    await expect(migrate(old, migrations, "ledger_owner")).rejects.toMatchObject({
      code: "MIGRATION_MISMATCH",
      fix: expect.stringContaining("down --purge"),
    });
  } finally {
    await ledger.query("delete from migration.applied where name = '9999_later.sql'");
  }
});

it("ports and secrets of the earlier state stay, and what is new is added", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "gridata-upgrade-"));
  const layout = layoutOf(elsewhere, "up");
  try {
    // Only the names are in the fixture.
    const names = JSON.parse(read("secrets.json")) as string[];
    const secrets = Object.fromEntries(names.map((name) => [name, `old-${name}`]));
    mkdirSync(layout.secrets, { recursive: true });
    mkdirSync(join(elsewhere, "pipeline/src/gridata/ledger"), { recursive: true });
    cpSync(migrations, join(elsewhere, "pipeline/src/gridata/ledger/migrations"), {
      recursive: true,
    });
    writeFileSync(join(layout.secrets, "generated.json"), JSON.stringify(secrets));
    writeFileSync(layout.stackFile, read("stack.json"));
    const { ports: before } = JSON.parse(read("stack.json")) as { ports: Record<string, number> };
    const facts = await chooseFacts(layout, stackDef, "normal", () => true, []);
    expect(facts.ports).toMatchObject(before);
    expect(facts.secrets).toMatchObject(secrets);
    const wanted = stackDef.services.flatMap((service) => Object.keys(service.secrets));
    for (const name of wanted) expect(facts.secrets[name], name).toBeTruthy();
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
    rmSync(layout.sockets, { recursive: true, force: true });
  }
});
