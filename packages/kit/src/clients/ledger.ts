/**
 * The ledger's functions, typed. Each is one transaction that checks what the protocol demands; see
 * pipeline/src/gridata/ledger/migrations/0002_functions.sql.
 */
import type pg from "pg";
import type { LedgerReader } from "./passports.ts";

export interface ReleaseDataset {
  domain: string;
  dataset: string;
  table: string;
  fingerprint: string;
  redelivery: string;
  /** Tables that it is computed from; none: it is filled by files. */
  derives: string[];
}

export interface Release {
  release_id: string;
  datasets: ReleaseDataset[];
}

export interface NewDelivery {
  deliveryId: string;
  world: string;
  domain: string;
  dataset: string;
  key: string;
  versionId: string;
  name: string;
  sizeBytes: number;
  /** Milliseconds since the epoch. */
  arrivalMs: number;
  again: boolean;
  fileId: string | null;
}

export interface Hop {
  world: string;
  delivery?: string;
  batch?: string;
  attempt?: number;
  name: string;
  startedAt: Date;
  endedAt: Date;
  ref?: string;
}

/** `code` is stable, `reason` is for people. */
export interface Reason {
  code: string;
  reason: string;
  [member: string]: unknown;
}

export interface StagedDataset {
  domain: string;
  dataset: string;
  files: number;
}

export interface OpenBatch {
  batch_id: string;
  /** Of deliveries, or of a derived table: what upstream snapshots make of it. */
  kind: "ingest" | "derived";
  table_name: string;
  phase: "ingest" | "publish";
  attempt: number;
  /** Seconds from now until the lease runs out, negative when it has; null while no step is to run. */
  lease_s: number | null;
  /** Seconds from now until the next attempt may start. */
  backoff_s: number;
  holds_slot: boolean;
}

export interface SettledDelivery {
  delivery_id: string;
  domain: string;
  dataset: string;
  name: string;
  object_key: string;
  version_id: string;
  state: string;
  reason: Reason | null;
  batch_id: string | null;
  table_name: string | null;
  file_id: string | null;
  snapshot_id: string | null;
  records_in: string | null;
  records_published: string | null;
  records_rejected: string | null;
  rejects_uri: string | null;
  unstaged_at: Date | null;
  changed_at: Date;
}

export type Ledger = ReturnType<typeof createLedger>;

/** This attempt is not the newest, its batch is closed, or it lacks the slot: whoever wrote stops. */
export function isOver(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "GD001";
}

const settledColumns = `delivery_id, domain, dataset, name, object_key, version_id, state, reason, batch_id, table_name, file_id,
  snapshot_id, records_in, records_published, records_rejected, rejects_uri, unstaged_at, changed_at`;

export async function currentRelease(ledger: LedgerReader): Promise<Release | null> {
  const { rows } = await ledger.query<Release>(
    "select release_id, datasets from ledger.release order by activated_at desc limit 1",
  );
  return rows[0] ?? null;
}

export function createLedger(pool: pg.Pool) {
  async function rows<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await pool.query<Row>(sql, values)).rows;
  }
  async function value<T>(sql: string, values: unknown[]): Promise<T> {
    return (await rows<{ value: T }>(sql, values))[0]!.value;
  }

  return {
    openWorld: (world: string) =>
      value<void>("select ledger.open_world($1)::text as value", [world]),

    worlds: () =>
      rows<{ world: string; state: "open" | "closing" }>("select world, state from ledger.world"),

    currentRelease: () => currentRelease({ query: (sql) => pool.query(sql) }),

    /** Returns how many parked deliveries are staged again. */
    activateRelease: (release: string, datasets: ReleaseDataset[]) =>
      value<number>("select ledger.activate_release($1, $2::jsonb) as value", [
        release,
        JSON.stringify(datasets),
      ]),

    /** True when this version was not known before. */
    registerDelivery: (d: NewDelivery) =>
      value<boolean>(
        "select ledger.register_delivery($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as value",
        [
          d.deliveryId,
          d.world,
          d.domain,
          d.dataset,
          d.key,
          d.versionId,
          d.name,
          d.sizeBytes,
          d.arrivalMs,
          d.again,
          d.fileId,
        ],
      ),

    /** The version under which a delivery was registered, null when it is unknown. */
    async registered(delivery: string) {
      const [row] = await rows<{
        world: string;
        object_key: string;
        version_id: string;
        arrival_ms: string;
        unstaged_at: Date | null;
      }>(
        "select world, object_key, version_id, arrival_ms, unstaged_at from ledger.delivery where delivery_id = $1",
        [delivery],
      );
      return row ?? null;
    },

    /** `<key>\n<version>` of every delivery whose staged version should still be there. */
    async stagedVersions(world: string): Promise<Set<string>> {
      const found = await rows<{ object_key: string; version_id: string }>(
        "select object_key, version_id from ledger.delivery where world = $1 and unstaged_at is null",
        [world],
      );
      return new Set(found.map((row) => `${row.object_key}\n${row.version_id}`));
    },

    stagedDatasets: (world: string) =>
      rows<StagedDataset>(
        `select domain, dataset, count(*)::int as files from ledger.delivery
          where world = $1 and state = 'staged' group by domain, dataset`,
        [world],
      ),

    stagedDeliveries: (world: string, domain: string, dataset: string) =>
      rows<{ delivery_id: string }>(
        `select delivery_id from ledger.delivery
          where world = $1 and domain = $2 and dataset = $3 and state = 'staged' order by arrival_ms, delivery_id`,
        [world, domain, dataset],
      ),

    parkStaged: (delivery: string, fingerprint: string | null, reason: Reason) =>
      value<void>("select ledger.park_staged($1, $2, $3::jsonb)::text as value", [
        delivery,
        fingerprint,
        JSON.stringify(reason),
      ]),

    /** The batch that was claimed; null when nothing is staged, or a batch of the table is being ingested. */
    claim: (
      world: string,
      dataset: ReleaseDataset,
      release: string,
      batch: string,
      maxFiles: number,
      maxBytes: number,
    ) =>
      value<string | null>("select ledger.claim($1, $2, $3, $4, $5, $6, $7, $8) as value", [
        world,
        dataset.table,
        dataset.domain,
        dataset.dataset,
        release,
        batch,
        maxFiles,
        maxBytes,
      ]),

    openBatches: (world: string) =>
      rows<OpenBatch>(
        `select b.batch_id, b.kind, b.table_name, b.phase, b.attempt,
                extract(epoch from b.lease_until - clock_timestamp())::float8 as lease_s,
                extract(epoch from b.not_before - clock_timestamp())::float8 as backoff_s,
                s.holder is not null as holds_slot
           from ledger.batch b
           left join ledger.slot s on s.world = b.world and s.table_name = b.table_name and s.holder = b.batch_id
          where b.world = $1 and b.state = 'open' order by b.batch_id`,
        [world],
      ),

    /** The number of the next attempt, null while the newest may still be alive or backs off. */
    startAttempt: (batch: string, leaseSeconds: number) =>
      value<number | null>("select ledger.start_attempt($1, $2) as value", [batch, leaseSeconds]),

    /** Newest batch that was published, by table. */
    async publishedTables(world: string, tables: string[]): Promise<Map<string, string>> {
      const found = await rows<{ table_name: string; batch_id: string }>(
        `select table_name, max(batch_id) as batch_id from ledger.batch
          where world = $1 and state = 'published' and table_name = any($2) group by table_name`,
        [world, tables],
      );
      return new Map(found.map((row) => [row.table_name, row.batch_id]));
    },

    /** The batch that was claimed; null when this state of the upstream was computed, or a batch of the table is open. */
    claimDerived: (
      world: string,
      table: string,
      release: string,
      batch: string,
      upstream: Record<string, string | null>,
    ) =>
      value<string | null>("select ledger.claim_derived($1, $2, $3, $4, $5::jsonb) as value", [
        world,
        table,
        release,
        batch,
        JSON.stringify(upstream),
      ]),

    /** As `startAttempt`; the batch has the slot at once, or waits for it. */
    startDerivedAttempt: (batch: string, leaseSeconds: number) =>
      value<number | null>("select ledger.start_derived_attempt($1, $2) as value", [
        batch,
        leaseSeconds,
      ]),

    renew: (batch: string, attempt: number, leaseSeconds: number) =>
      value<void>("select ledger.renew($1, $2, $3)::text as value", [batch, attempt, leaseSeconds]),

    failAttempt: (batch: string, attempt: number, errorClass: string, error: object) =>
      value<"retry" | "parked">("select ledger.fail_attempt($1, $2, $3, $4::jsonb) as value", [
        batch,
        attempt,
        errorClass,
        JSON.stringify(error),
      ]),

    /** Gives a free slot to the batch that waits for it longest; that batch, or null. */
    async grantSlot(world: string, table: string, leaseSeconds: number) {
      const [granted] = await rows<{ batch_id: string; attempt: number }>(
        "select batch_id, attempt from ledger.grant_slot($1, $2, $3)",
        [world, table, leaseSeconds],
      );
      return granted ?? null;
    },

    /** Deliveries with a final verdict whose staged version is still to be deleted, oldest first. */
    unsettled: (world: string, limit: number) =>
      rows<SettledDelivery>(
        `select ${settledColumns} from ledger.delivery
          where world = $1 and state in ('published', 'duplicate', 'rejected') and unstaged_at is null
          order by arrival_ms, delivery_id limit $2`,
        [world, limit],
      ),

    parked: (world: string) =>
      rows<SettledDelivery>(
        `select ${settledColumns} from ledger.delivery where world = $1 and state = 'parked'
          order by arrival_ms, delivery_id`,
        [world],
      ),

    unstaged: (delivery: string) =>
      value<void>("select ledger.unstaged($1)::text as value", [delivery]),

    recordHop: (hop: Hop) =>
      value<void>(
        "select ledger.record_hop($1, $2, $3, $4, $5, 'done', $6, $7, $8, null)::text as value",
        [
          hop.world,
          hop.delivery ?? null,
          hop.batch ?? null,
          hop.attempt ?? null,
          hop.name,
          hop.startedAt,
          hop.endedAt,
          hop.ref ?? null,
        ],
      ),
  };
}
