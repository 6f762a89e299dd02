/**
 * A world of a running stack for one test file: its own drop folder, object prefix, catalog, ledger rows and runs. What it made
 * is gone when it is closed. Tables are read by DuckDB, which wrote none of them.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { icebergCatalog } from "@gridata/kit/clients/iceberg";
import { createPool } from "@gridata/kit/clients/pg";
import {
  attemptsOf,
  deliveriesByName,
  derivedBatches,
  ingestBatches,
  type DerivedBatch,
  hopsOf,
  recordedHops,
  type Attempt,
  type Delivery,
  type LedgerReader,
} from "@gridata/kit/clients/passports";
import { dropFolder, readStackConfig, stateFolder } from "@gridata/kit/clients/stack";
import { finalStates, parseDataset, type Hop, type RecordedHop } from "@gridata/kit/model";
import { armFailpoint, type Failpoint } from "./failpoints.ts";
import { openLake, type Lake, type StoredObject } from "./lake.ts";
import type { CheckResult } from "@gridata/kit/verify";
import { verifyWorld } from "@gridata/kit/verify/stack";
import { removeWorld } from "@gridata/kit/worlds/remove";
import type { Row } from "@gridata/kit/fixtures";
import { identityOf, isAlive, type ProcessIdentity } from "@gridata/kit/toolchain/process";
import { until, type UntilOptions } from "./wait.ts";

/** One line of `records.jsonl`. */
export interface RejectedRecord {
  file_id: string;
  record: number;
  line: number;
  column: string | null;
  rule: string;
  value: string;
  contract_version: string;
}

export interface World {
  readonly name: string;
  readonly checkout: string;
  readonly stack: string;
  /** Writes a file the way a careful program does: under another name, then renamed. */
  drop(dataset: string, name: string, content: Buffer | string): Promise<void>;
  /** The drop folder of a dataset; made when it isn't there. */
  datasetDir(dataset: string): Promise<string>;
  /** Waits until every delivery of that name is published, a duplicate, rejected or parked; the newest one. */
  verdict(name: string, options?: { deadline?: number }): Promise<Delivery>;
  /** In order of arrival; of one name, or all. */
  deliveries(name?: string): Promise<Delivery[]>;
  isFinal(delivery: Delivery): boolean;
  hops(deliveryId: string): Promise<Hop[]>;
  /** What is recorded of a batch that has no deliveries. */
  batchHops(batch: string): Promise<RecordedHop[]>;
  attempts(batch: string): Promise<Attempt[]>;
  /** Batches that took files, oldest first. */
  batches(): ReturnType<typeof ingestBatches>;
  /** Batches of a derived table, oldest first. */
  derived(table: string): Promise<DerivedBatch[]>;
  /** Waits until a derived table is computed from what its upstream tables are now; the batch that did it. */
  upToDate(table: string, deadline?: number): Promise<DerivedBatch>;
  /** Moves `main` of a table to another snapshot, as a person may with the admin's role. */
  moveMain(table: string, snapshot: string): Promise<void>;
  /** All rows of a table as text, read by DuckDB. */
  rows(table: string): Promise<Row[]>;
  /** Id of the snapshot that `main` points to; null when there is no such table. */
  snapshot(table: string): Promise<string | null>;
  auditBranches(table: string): Promise<string[]>;
  /** Snapshot ids by the name of their branch or tag; null when there is no such table. */
  refs(table: string): Promise<Record<string, string> | null>;
  /** Snapshot ids from main back to the first one. */
  ancestry(table: string): Promise<string[]>;
  objects(bucket: string, prefix: string): Promise<StoredObject[]>;
  /** The text of an object, by its `s3://` address. */
  text(uri: string): Promise<string>;
  /** Names of the files that still lie in the drop folder. */
  dropped(): Promise<string[]>;
  /** What the gateway took and has not brought to the store. */
  taken(): Promise<string[]>;
  rejectedRecords(delivery: Delivery): Promise<RejectedRecord[]>;
  /** The verdict file beside the drop folder. */
  verdictFile(dataset: string, delivery: Delivery): Promise<Record<string, unknown>>;
  arm(failpoint: string): Promise<Failpoint>;
  /** The release that batches are claimed under from now on. */
  release(): Promise<string>;
  /** What `ledger verify` says of this world. */
  verify(): Promise<CheckResult[]>;
  /** Of a process that a failpoint struck; its pid may be another's by now. */
  processGone(pid: number): boolean;
  eventually<T>(
    what: string,
    look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
    options?: UntilOptions,
  ): Promise<T>;
  close(): Promise<void>;
}

const checkout = join(import.meta.dirname, "../../..");

/** Opens a new world in the stack that `GRIDATA_STACK` names. */
export async function openWorld(): Promise<World> {
  const stack = process.env.GRIDATA_STACK ?? "default";
  const name = `t${randomBytes(5).toString("hex")}`;
  const admin = ledgerOf(stack);
  const lake = await openLake(readStackConfig(checkout, stack, "reader"), name, checkout);
  const dir = dropFolder(checkout, stack, name);
  const run = join(stateFolder(checkout, stack), "run");
  await mkdir(dir, { recursive: true });
  await admin.query("select ledger.open_world($1)", [name]);
  return world(name, dir, run, stack, admin, lake);
}

/** One connection, opened again when a test has killed its server. */
function ledgerOf(stack: string): LedgerReader & AsyncDisposable {
  const pool = createPool(readStackConfig(checkout, stack, "admin").ledger, "test", 1);
  return {
    query: async (sql, parameters = []) => pool.query(sql, [...parameters]),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

function world(
  name: string,
  dir: string,
  run: string,
  stack: string,
  admin: LedgerReader & AsyncDisposable,
  lake: Lake,
): World {
  const armed: Failpoint[] = [];
  const struck = new Map<number, ProcessIdentity | null>();
  const datasetDir = async (dataset: string) => {
    const { domain, dataset: short } = parseDataset(dataset);
    const path = join(dir, domain, short);
    await mkdir(path, { recursive: true });
    return path;
  };
  const derived = (table: string) => derivedBatches(admin, name, { table });
  const deliveries = (file?: string) => deliveriesByName(admin, name, file);
  return {
    name,
    checkout,
    stack,
    datasetDir,
    deliveries,
    async drop(dataset, file, content) {
      const folder = await datasetDir(dataset);
      const target = join(folder, file);
      await until(
        `the gateway to take the '${file}' that was dropped before`,
        () => !existsSync(target),
      );
      await writeFile(`${target}.part`, content);
      await rename(`${target}.part`, target);
    },
    verdict: (file, { deadline = 120 } = {}) => {
      let seen: Delivery[] = [];
      return until(
        `the verdict of '${file}'`,
        async () => {
          seen = await deliveries(file);
          const settled = seen.every((d) => finalStates.includes(d.state) || d.state === "parked");
          return seen.length > 0 && settled && seen.at(-1);
        },
        { deadline, seen: () => seen },
      );
    },
    isFinal: (delivery) => finalStates.includes(delivery.state),
    async hops(id) {
      const delivery = (await deliveries()).find((d) => d.delivery_id === id);
      return delivery ? hopsOf(admin, delivery) : [];
    },
    batchHops: (batch) => recordedHops(admin, batch),
    attempts: (batch) => attemptsOf(admin, batch),
    batches: () => ingestBatches(admin, name),
    derived,
    upToDate: (table, deadline = 120) => {
      let seen: unknown;
      return until(
        `${table} to be computed from what its upstream is now`,
        async () => {
          const newest = (await derived(table)).findLast(({ state }) => state !== "cancelled");
          seen = newest;
          if (!newest || !["published", "nothing"].includes(newest.state)) return null;
          for (const [upstream, id] of Object.entries(newest.upstream))
            if (((await lake.refs(upstream))?.["main"] ?? null) !== id) return null;
          return newest;
        },
        { deadline, seen: () => seen },
      );
    },
    moveMain: (table, snapshot) =>
      icebergCatalog(readStackConfig(checkout, stack, "admin").catalog!, name).moveMain(
        table,
        snapshot,
      ),
    rows: (table) => lake.rows(table),
    snapshot: async (table) => (await lake.refs(table))?.["main"] ?? null,
    refs: (table) => lake.refs(table),
    ancestry: (table) => lake.ancestry(table),
    auditBranches: async (table) =>
      Object.keys((await lake.refs(table)) ?? {}).filter((ref) => ref.startsWith("audit_")),
    objects: (bucket, prefix) => lake.objects(bucket, prefix),
    text: (uri) => lake.text(uri),
    async dropped() {
      const all = await readdir(dir, { recursive: true, withFileTypes: true });
      return all
        .filter((entry) => entry.isFile())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
        .filter((path) => !path.split("/").some((part) => part.startsWith(".")));
    },
    taken: () => readdir(join(stateFolder(checkout, stack), "intake", name)).catch(() => []),
    async rejectedRecords(delivery) {
      const text = await lake.text(`${delivery.rejects_uri!}records.jsonl`);
      return text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as RejectedRecord);
    },
    async verdictFile(dataset, delivery) {
      const { domain, dataset: short } = parseDataset(dataset);
      const path = join(
        dir,
        ".verdicts",
        domain,
        short,
        `${delivery.name}.${delivery.delivery_id}.json`,
      );
      return until(`the verdict file ${path}`, async () =>
        existsSync(path)
          ? (JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>)
          : null,
      );
    },
    async arm(spec) {
      const failpoint = await armFailpoint(run, spec, name, (pid) =>
        struck.set(pid, identityOf(pid)),
      );
      armed.push(failpoint);
      return failpoint;
    },
    async release() {
      const { rows } = await admin.query<{ release_id: string }>(
        "select release_id from ledger.release order by activated_at desc limit 1",
      );
      return rows[0]!.release_id;
    },
    verify: () =>
      verifyWorld({ checkout, stack, world: name, ledger: admin, extensions: lake.extensions }),
    processGone(pid) {
      if (!struck.has(pid)) throw new Error(`process ${pid} reached no failpoint of this world`);
      const identity = struck.get(pid);
      return !identity || !isAlive(identity);
    },
    eventually: (what, look, options) => until(what, look, { deadline: 120, ...options }),
    async close() {
      for (const failpoint of armed) await failpoint.disarm();
      try {
        await removeWorld({
          world: name,
          config: readStackConfig(checkout, stack, "admin"),
          ledger: admin,
        });
      } finally {
        await admin[Symbol.asyncDispose]();
      }
    },
  };
}
