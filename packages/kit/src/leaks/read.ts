/** Looks into every layer of a running stack, with its administrator's credentials. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { airflowClient } from "../clients/airflow.ts";
import { withTopics } from "../clients/kafka.ts";
import type { LedgerConfig } from "../clients/pg.ts";
import { objectStore } from "../clients/s3.ts";
import { readStackConfig } from "../clients/stack.ts";
import { parseRunId } from "../model/names.ts";
import { layoutOf, readStatus, type Layout } from "../runtimes/host/control.ts";
import { liveHeap } from "./jvm.ts";
import type { Footprint } from "./look.ts";

const buckets = ["raw", "staging", "curated", "archive"];
/** What Spark Connect holds for each session that it has not ended. */
export const sessionClass = "org.apache.spark.sql.connect.service.SessionHolder";
/** What Spark holds for each session that anything still refers to. */
export const keptSessionClass = "org.apache.spark.sql.internal.SessionState";

export async function footprint(checkout: string, stack: string): Promise<Footprint> {
  const layout = layoutOf(checkout, stack);
  const admin = readStackConfig(checkout, stack, "admin");
  const store = objectStore(admin.s3!);
  const object: string[] = [];
  for (const bucket of buckets)
    for (const world of await store.folders(bucket, true)) object.push(`${bucket}/${world}`);
  const database = superuser(checkout, stack);
  const runs = await airflowClient(admin.airflow!).runsOf("");
  const spark = readStatus(layout)?.services.find(({ name }) => name === "spark");
  const heap = spark?.pid ? await liveHeap(spark.pid) : null;
  return {
    object,
    topic: await withTopics(kafkaAdmin(checkout, stack), (topics) => topics.listTopics()),
    catalog: await inDatabase({ ...database, database: "catalog" }, catalogNames),
    row: await inDatabase(database, ledgerRows),
    run: runs
      .filter(({ runId }) => parseRunId(runId))
      .map(({ dagId, runId }) => `${dagId} ${runId}`),
    folder: foldersOf(layout.state),
    sessions: heap?.count(sessionClass) ?? 0,
    kept_sessions: heap?.count(keptSessionClass) ?? 0,
  };
}

/** The broker's administrator is no identity of the stack: no service needs it. */
export function kafkaAdmin(checkout: string, stack: string) {
  const { brokers } = readStackConfig(checkout, stack, "dispatcher").kafka!;
  const password = secretsOf(layoutOf(checkout, stack))["kafka-admin"]!;
  return { brokers, username: "admin", password };
}

/** PostgreSQL's, at the ledger's database: no identity either. */
export function superuser(checkout: string, stack: string): LedgerConfig {
  const { ledger } = readStackConfig(checkout, stack, "admin");
  const password = secretsOf(layoutOf(checkout, stack))["postgres-superuser"]!;
  return { ...ledger, user: "postgres", password };
}

const secretsOf = ({ secrets }: Layout) =>
  JSON.parse(readFileSync(join(secrets, "generated.json"), "utf8")) as Record<string, string>;

async function inDatabase(config: pg.ClientConfig, read: (client: pg.Client) => Promise<string[]>) {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await read(client);
  } finally {
    await client.end();
  }
}

/** Of all worlds, those too that nobody knows any more. */
async function catalogNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select catalog_name || ' ' || table_namespace || '.' || table_name as name from iceberg_tables
      union select catalog_name || ' ' || namespace from iceberg_namespace_properties order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Every table that has a world: the others hang on one of these. */
async function ledgerRows(client: pg.Client): Promise<string[]> {
  const tables = await client.query<{ name: string }>(
    `select c.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
      where c.table_schema = 'ledger' and c.column_name = 'world' and t.table_type = 'BASE TABLE' order by 1`,
  );
  const found: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ world: string }>(
      `select distinct world from ledger.${pg.escapeIdentifier(name)} order by 1`,
    );
    found.push(...rows.map(({ world }) => `ledger.${name} of world ${world}`));
  }
  return found;
}

/** Folders that have a world, an attempt or a run for an owner, and armed failpoints. */
function foldersOf(state: string): string[] {
  const below = (...parts: string[]) => {
    const dir = join(state, ...parts);
    return existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : [];
  };
  return [
    ...below("drop"),
    ...below("intake"),
    ...below("run", "failpoints"),
    ...below("data", "steps", "tmp").filter((path) => /\/gridata-[a-z]+-\d+-/.test(path)),
    ...below("data", "airflow-api", "tasks")
      .filter((path) => existsSync(path) && /\/dag_id=/.test(path))
      .flatMap((path) => readdirSync(path).map((name) => join(path, name)))
      .filter((path) => parseRunId(path.split("/run_id=")[1] ?? "")),
  ];
}
