/** Takes a world out of every layer of a stack: its runs, tables, objects, folders and ledger rows. Idempotent. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { airflowClient } from "../clients/airflow.ts";
import { icebergCatalog } from "../clients/iceberg.ts";
import type { LedgerReader } from "../clients/passports.ts";
import { objectStore } from "../clients/s3.ts";
import type { IdentityConfig } from "../clients/stack.ts";
import { runStep } from "../clients/steps.ts";

export interface WorldRemoval {
  world: string;
  /** The admin's configuration. */
  config: IdentityConfig;
  ledger: LedgerReader;
}

const missing = (service: string) => new Error(`the identity has no '${service}'`);

export async function removeWorld({ world, config, ledger }: WorldRemoval): Promise<void> {
  const { drop } = config;
  if (!drop) throw missing("drop");
  // Nobody claims or starts anything from here on, and what goes on is superseded.
  const { rows } = await ledger.query<{ batch_id: string; attempt: number }>(
    "select batch_id, attempt from ledger.stop_world($1)",
    [world],
  );
  if (config.steps) await endSteps(config.steps.socket, world, rows);
  await clear(world, config);
  await forget(ledger, world);
  // A run that was being started when it closed may have come since; without its rows nothing more does.
  await clear(world, config);
  // After the gateway was told that the world is gone.
  for (const dir of [join(drop.worlds_dir, world), join(drop.intake_dir, world)]) await remove(dir);
  const failpoints = join(config.state_dir, "run/failpoints");
  for (const name of await readdir(failpoints).catch(() => []))
    if (name.replace(/\.hit$/, "").endsWith(`@${world}`)) await remove(join(failpoints, name));
}

/** A step that went on would put its tables and objects back; its session in Spark nobody else would end. */
async function endSteps(
  socket: string,
  world: string,
  attempts: readonly { batch_id: string; attempt: number }[],
): Promise<void> {
  try {
    await runStep(socket, {
      ...{ step: "end", world },
      attempts: attempts.map(({ batch_id, attempt }) => [batch_id, attempt] as const),
    });
  } catch (error) {
    // Without a step host nothing runs, and the time of a session runs out by itself.
    if (!["ENOENT", "ECONNREFUSED"].includes(String((error as NodeJS.ErrnoException).code)))
      throw error;
  }
}

/** Its runs, tables and objects. */
async function clear(world: string, config: IdentityConfig): Promise<void> {
  const { s3, catalog, airflow } = config;
  if (!s3 || !catalog || !airflow) throw missing("s3, catalog or airflow");
  const runs = airflowClient(airflow);
  for (const { dagId, runId } of await runs.runsOf(`${world}.`)) {
    await runs.deleteRun(dagId, runId);
    // Airflow forgets a run and keeps what its tasks wrote.
    const log = `dag_id=${dagId}/run_id=${runId}`;
    await remove(join(config.state_dir, "data/airflow-api/tasks", log));
  }
  const tables = icebergCatalog(catalog, world);
  for (const namespace of await tables.listNamespaces()) {
    // A commit on its way when its session ended may come a moment later.
    for (let tries = 1; ; tries++) {
      for (const table of await tables.listTables(namespace)) await tables.dropTable(table);
      if (await tables.dropNamespace(namespace)) break;
      if (tries === 5)
        throw new Error(
          `the catalog says again and again that ${namespace} of world ${world} is not empty`,
        );
    }
  }
  const store = objectStore(s3);
  await Promise.all(
    ["raw", "staging", "curated", "archive"].map((bucket) =>
      store.removePrefix(bucket, `${world}/`),
    ),
  );
}

const remove = (path: string) => rm(path, { recursive: true, force: true });

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
