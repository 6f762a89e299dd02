/** Applies SQL migrations in the order of their names, each once and in one transaction, and records what was applied. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { KitError } from "../../model/errors.ts";

/** As much of a PostgreSQL client as this needs. */
export interface Client {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
}

export interface Migration {
  name: string;
  sql: string;
  /** sha256 of the text, hex. */
  checksum: string;
}

export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .toSorted()
    .map((name) => {
      const sql = readFileSync(join(folder, name), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

/**
 * What is still to be applied. Refuses a database that holds what this checkout doesn't know (it was written by a newer one), or
 * a migration that was changed after it ran.
 */
export function pending(all: Migration[], applied: ReadonlyMap<string, string>): Migration[] {
  const known = new Map(all.map(({ name, checksum }) => [name, checksum]));
  for (const [name, checksum] of applied)
    if (known.get(name) !== checksum)
      throw new KitError({
        code: "MIGRATION_MISMATCH",
        what: `the ledger of this stack does not fit this checkout: ${name}`,
        why: known.has(name)
          ? "the migration was changed after it had been applied"
          : "the ledger was written by another version, whose migration is not here",
        fix: "check out the version that wrote it, or start anew with ./gridata down --purge",
      });
  return all.filter(({ name }) => !applied.has(name));
}

/** Applies what is pending as `owner`; the names of the migrations that it applied. */
export async function migrate(client: Client, folder: string, owner: string): Promise<string[]> {
  await client.query("create schema if not exists migration");
  await client.query(`create table if not exists migration.applied (
    name text primary key, checksum text not null, applied_at timestamptz not null default clock_timestamp())`);
  // Two runners at once: the second one waits and finds nothing left to do.
  await client.query("select pg_advisory_lock(hashtext('gridata.migrate'))");
  const { rows } = await client.query("select name, checksum from migration.applied");
  const applied = (rows as { name: string; checksum: string }[]).map(
    (row) => [row.name, row.checksum] as const,
  );
  const todo = pending(readMigrations(folder), new Map(applied));
  for (const { name, sql, checksum } of todo) {
    await client.query("begin");
    try {
      await client.query(`set local role ${owner}`);
      await client.query(sql);
      await client.query("reset role");
      await client.query("insert into migration.applied (name, checksum) values ($1, $2)", [
        name,
        checksum,
      ]);
      await client.query("commit");
    } catch (error) {
      await client.query("rollback");
      throw new Error(`migration ${name} failed`, { cause: error });
    }
  }
  return todo.map(({ name }) => name);
}
