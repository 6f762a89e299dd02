/** Takes a world out of every layer of a stack: its runs, tables, objects, folders and ledger rows. Idempotent. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { airflowClient } from "../clients/airflow.ts";
import { icebergCatalog } from "../clients/iceberg.ts";
import type { LedgerReader } from "../clients/passports.ts";
import { objectStore } from "../clients/s3.ts";
import type { IdentityConfig } from "../clients/stack.ts";

export interface WorldRemoval {
  world: string;
  /** The admin's configuration. */
  config: IdentityConfig;
  ledger: LedgerReader;
}

const missing = (service: string) => new Error(`the identity has no '${service}'`);

export async function removeWorld({ world, config, ledger }: WorldRemoval): Promise<void> {
  const { s3, catalog, airflow, drop } = config;
  if (!s3 || !catalog || !airflow || !drop) throw missing("s3, catalog, airflow or drop");
  // Nobody registers, claims or starts anything from here on.
  await ledger.query("select ledger.close_world($1)", [world]);
  const runs = airflowClient(airflow);
  for (const { dagId, runId } of await runs.runsOf(`${world}.`)) await runs.deleteRun(dagId, runId);
  const tables = icebergCatalog(catalog, world);
  for (const namespace of await tables.listNamespaces()) {
    for (const table of await tables.listTables(namespace)) await tables.dropTable(table);
    await tables.dropNamespace(namespace);
  }
  const store = objectStore(s3);
  await Promise.all(
    ["raw", "staging", "curated", "archive"].map((bucket) =>
      store.removePrefix(bucket, `${world}/`),
    ),
  );
  await forget(ledger, world);
  // After the gateway was told that the world is gone.
  for (const dir of [join(drop.worlds_dir, world), join(drop.intake_dir, world)])
    await rm(dir, { recursive: true, force: true });
}

/**
 * Whoever still tells the ledger of the world (a hop, a lease) holds rows that this wants too; of two that wait for each other the
 * database ends one, and this one may simply ask again.
 */
async function forget(ledger: LedgerReader, world: string): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await ledger.query("select ledger.forget_world($1)", [world]);
      return;
    } catch (error) {
      const deadlock = (error as { code?: unknown }).code === "40P01";
      if (!deadlock || tries === 5) throw error;
    }
}
