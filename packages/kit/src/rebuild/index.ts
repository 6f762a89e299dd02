/** Makes a lost ledger anew from the lake: audit branches are dropped, then receipts, snapshots, raw and staging are read. */
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { icebergCatalog } from "../clients/iceberg.ts";
import type { LedgerReader } from "../clients/passports.ts";
import { objectStore, type ObjectStore } from "../clients/s3.ts";
import type { IdentityConfig } from "../clients/stack.ts";
import type { ReleaseManifest } from "../model/contract.ts";
import { isName } from "../model/names.ts";
import type { ObjectFact, Receipt } from "../verify/facts.ts";
import { readObjects, readTables } from "../verify/read.ts";
import { rowsOfLake, type LedgerRows, type VerdictFile } from "./plan.ts";

export interface Rebuilt {
  world: string;
  branches_removed: number;
  deliveries: number;
  publications: number;
  batches: number;
  /** Staged versions that the dispatcher takes up again. */
  staged: number;
}

interface Parts {
  /** The admin's configuration and connection. */
  config: IdentityConfig;
  ledger: LedgerReader;
}

/** Every world of the lake. Whatever the ledger knew is replaced. */
export async function rebuildLedger(
  parts: Parts,
  onWorld: (world: string) => void,
): Promise<Rebuilt[]> {
  const worlds: Rebuilt[] = [];
  for (const world of await worldsOfLake(parts.config)) {
    onWorld(world);
    worlds.push(await rebuildWorld(world, parts));
  }
  await parts.ledger.query("select ledger.mark_rebuilt()");
  return worlds;
}

/** Worlds that have anything in the lake, and the default one. */
async function worldsOfLake({ s3 }: IdentityConfig): Promise<string[]> {
  const store = objectStore(s3!);
  const found = await Promise.all(["staging", "raw", "curated"].map((b) => store.folders(b)));
  return [...new Set(["default", ...found.flat()])].filter((name) => isName("world", name));
}

async function rebuildWorld(world: string, { config, ledger }: Parts): Promise<Rebuilt> {
  // From here on nobody claims, opens an intent or closes a batch of this world.
  await ledger.query("select ledger.begin_rebuild($1)", [world]);
  const branches_removed = await removeBranches(config, world);
  const store = objectStore(config.s3!);
  const tables = await readTables(config, world);
  const objects = await readObjects(store, world);
  const lake = {
    tables,
    receipts: objects.receipts,
    staged: objects.staged,
    splits: await documents<Receipt>(store, "curated", `${world}/_batches/`, ".split.json"),
    verdicts: (
      await documents<VerdictFile>(store, "raw", `${world}/rejected/`, "/verdict.json")
    ).toSorted((a, b) => a.key.localeCompare(b.key, "en", { numeric: true })),
  };
  const rows = rowsOfLake(lake);
  await removeForgotten(store, objects.parquet, rows);
  const releases = releasesIn(join(config.state_dir, "releases"));
  for (const { release_id } of rows.batches)
    if (!releases.some((r) => r.release_id === release_id))
      releases.push({ release_id, datasets: [], activated_at: new Date(0).toISOString() });
  await ledger.query("select ledger.rebuild_world($1, $2::jsonb)", [
    world,
    JSON.stringify({ ...rows, releases }),
  ]);
  await ledger.query("select ledger.rebuild_outcomes($1, $2::jsonb)", [
    world,
    JSON.stringify(rows.deliveries),
  ]);
  return {
    world,
    branches_removed,
    deliveries: rows.deliveries.length,
    publications: rows.publications.length,
    batches: rows.batches.length,
    staged: objects.staged.length - rows.deliveries.filter(({ staged }) => staged).length,
  };
}

/** A commit that is still on its way asserts its branch, and fails once that is gone. */
async function removeBranches({ catalog }: IdentityConfig, world: string): Promise<number> {
  const tables = icebergCatalog(catalog!, world);
  let removed = 0;
  for (const namespace of await tables.listNamespaces())
    for (const name of await tables.listTables(namespace))
      for (const ref of Object.keys((await tables.refs(name)) ?? {}))
        if (/^(audit|rollback)_/.test(ref)) {
          await tables.removeRef(name, ref);
          removed++;
        }
  return removed;
}

/** Typed files of batches that nothing tells of: what they were made of is staged, and comes again in another batch. */
async function removeForgotten(
  store: ObjectStore,
  typed: readonly ObjectFact[],
  { batches }: LedgerRows,
): Promise<void> {
  const known = new Set(batches.map(({ batch_id }) => batch_id));
  const folders = typed
    .map(({ key }) => key.split("/").slice(0, 4))
    .filter(([, , , batch]) => !known.has(batch!))
    .map((parts) => `${parts.join("/")}/`);
  for (const folder of new Set(folders)) await store.removePrefix("staging", folder);
}

async function documents<T extends object>(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  ending: string,
): Promise<(T & { key: string })[]> {
  const found: (T & { key: string })[] = [];
  for (const { key } of await store.list(bucket, prefix))
    if (key.endsWith(ending))
      found.push({ ...(JSON.parse(await store.getText(bucket, key)) as T), key });
  return found;
}

/** Every release whose folder is there, in effect since it was made. */
function releasesIn(dir: string) {
  return (existsSync(dir) ? readdirSync(dir) : []).flatMap((release_id) => {
    const file = join(dir, release_id, "contracts.json");
    if (!existsSync(file)) return [];
    const { contracts } = JSON.parse(readFileSync(file, "utf8")) as ReleaseManifest;
    const datasets: object[] = contracts.map((c) => ({
      domain: c.domain,
      dataset: c.dataset,
      table: c.table,
      fingerprint: c.fingerprint,
      redelivery: c.redelivery,
      derives: c.derives,
    }));
    return [{ release_id, datasets, activated_at: statSync(file).mtime.toISOString() }];
  });
}
