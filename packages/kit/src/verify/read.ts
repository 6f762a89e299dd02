/** Reads the facts of one world of a stack, with the rights of the reader. The ledger last: it is the one that must have caught up. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { airflowClient } from "../clients/airflow.ts";
import { openLakeReader, quoteIdentifier } from "../clients/duckdb.ts";
import { icebergCatalog } from "../clients/iceberg.ts";
import type { LedgerReader } from "../clients/passports.ts";
import { objectStore, type ObjectStore, type StoredObject } from "../clients/s3.ts";
import type { IdentityConfig } from "../clients/stack.ts";
import { keys, parseRunId } from "../model/names.ts";
import type {
  Facts,
  ObjectFact,
  Receipt,
  RowsFact,
  RunFact,
  SnapshotFact,
  TableFact,
} from "./facts.ts";
import { ledgerFacts } from "./ledger.ts";

export interface FactSources {
  world: string;
  /** The reader's configuration. */
  config: IdentityConfig;
  ledger: LedgerReader;
  /** Folder of the tool `duckdb-extensions`. */
  extensions: string;
  /** The mode of each table, as far as a release knows it. */
  modes: ReadonlyMap<string, string>;
}

export async function readFacts(sources: FactSources): Promise<Facts> {
  const { world, config, ledger } = sources;
  const store = objectStore(config.s3!);
  const tables = await tableFacts(sources);
  const objects = await readObjects(store, world);
  const [taken, runs] = await Promise.all([takenFiles(sources), runFacts(sources)]);
  const facts = await ledgerFacts(ledger, world);
  const evidence: Record<string, number> = {};
  for (const d of facts.deliveries)
    if (d.state === "published" && d.rejects_uri && Number(d.records_rejected) > 0)
      evidence[d.delivery_id] = await badRecords(store, d.rejects_uri);
  return { world, ...facts, ...objects, tables, evidence, taken, runs };
}

/** Receipts, and what lies in staging and raw. */
export async function readObjects(store: ObjectStore, world: string) {
  const list = async (bucket: string, prefix: string, versions = false) =>
    (await store.list(bucket, prefix, versions)).map(objectFact);
  const [receipts, staged, parquet, raw] = await Promise.all([
    readReceipts(store, world),
    list("staging", keys.dropPrefix(world), true),
    list("staging", `${world}/parquet/`),
    list("raw", `${world}/`),
  ]);
  return { receipts, staged, parquet, raw };
}

const objectFact = ({ key, size, versionId, at }: StoredObject): ObjectFact => ({
  key,
  size,
  versionId,
  age_s: (Date.now() - at.getTime()) / 1000,
});

async function tableFacts({ world, config, extensions, modes }: FactSources): Promise<TableFact[]> {
  const found: TableFact[] = (await readTables(config, world)).map((table) => ({
    ...table,
    mode: modes.get(table.name) ?? null,
    rows: null,
  }));
  if (found.length === 0) return found;
  await using lake = await openLakeReader(config, world, extensions);
  for (const table of found) {
    const from = `lake.${table.name.split(".").map(quoteIdentifier).join(".")} at (version => ${table.refs["main"]})`;
    const { columns } = await lake.query(`select * from ${from} limit 0`);
    const has = (name: string) => columns.some((column) => column.name === name);
    if (!has("_delivery_id") || !has("_file_id") || !has("_row")) continue;
    const { rows } = await lake.query(
      `select _delivery_id, _file_id, count(*) as n, count(distinct _row) as d from ${from} group by all`,
    );
    table.rows = rows.map((row): RowsFact => ({
      delivery_id: row["_delivery_id"] ?? "",
      file_id: row["_file_id"] ?? "",
      rows: Number(row["n"]),
      distinct_rows: Number(row["d"]),
    }));
  }
  return found;
}

/** Every table of a world with its refs and main's ancestry. */
export async function readTables(
  config: IdentityConfig,
  world: string,
): Promise<Pick<TableFact, "name" | "refs" | "ancestry" | "snapshots">[]> {
  const catalog = icebergCatalog(config.catalog!, world);
  const found: Pick<TableFact, "name" | "refs" | "ancestry" | "snapshots">[] = [];
  for (const namespace of await catalog.listNamespaces())
    for (const name of await catalog.listTables(namespace)) {
      const table = await catalog.loadTable(name);
      if (!table) continue;
      const refs = Object.fromEntries(
        Object.entries(table.refs).map(([ref, to]) => [ref, to["snapshot-id"]]),
      );
      const snapshots = new Map(
        table.snapshots.map((s) => [
          s["snapshot-id"],
          {
            id: s["snapshot-id"],
            parent: s["parent-snapshot-id"] ?? null,
            summary: s.summary ?? {},
          },
        ]),
      );
      found.push({
        name,
        refs,
        ancestry: ancestry(snapshots, refs["main"] ?? null),
        snapshots: [...snapshots.keys()],
      });
    }
  return found;
}

function ancestry(snapshots: ReadonlyMap<string, SnapshotFact>, head: string | null) {
  const found: SnapshotFact[] = [];
  for (let at = head; at !== null;) {
    const snapshot = snapshots.get(at);
    // Older ones have expired.
    if (!snapshot) break;
    found.push(snapshot);
    at = snapshot.parent;
  }
  return found;
}

async function readReceipts(store: ObjectStore, world: string): Promise<Record<string, Receipt>> {
  const found: Record<string, Receipt> = {};
  for (const { key } of await store.list("curated", `${world}/_batches/`))
    if (/\/[0-9]+\.json$/.test(key))
      found[key] = JSON.parse(await store.getText("curated", key)) as Receipt;
  return found;
}

async function badRecords(store: ObjectStore, uri: string): Promise<number> {
  const { hostname, pathname } = new URL(`${uri}records.jsonl`);
  const text = await store.getText(hostname, decodeURIComponent(pathname.slice(1)));
  const lines = text.split("\n").filter((line) => line !== "");
  return new Set(lines.map((line) => (JSON.parse(line) as { record: number }).record)).size;
}

async function takenFiles({ world, config }: FactSources) {
  const dir = join(config.drop!.intake_dir, world);
  const names = await readdir(dir).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const entry = await stat(join(dir, name)).catch(() => null);
      return entry && { name, age_s: (Date.now() - entry.mtimeMs) / 1000 };
    }),
  );
  return found.filter((one) => one !== null);
}

async function runFacts({ world, config }: FactSources): Promise<RunFact[] | null> {
  try {
    const runs = await airflowClient(config.airflow!).runsOf(`${world}.`);
    return runs.flatMap(({ dagId, runId, state }) => {
      const id = parseRunId(runId);
      const live = state === "queued" || state === "running";
      return id ? [{ dag: dagId, batch: id.batch, attempt: id.attempt, live }] : [];
    });
  } catch {
    return null;
  }
}
