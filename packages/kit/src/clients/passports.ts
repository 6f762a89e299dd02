/** What the ledger knows of deliveries, read for people and tests: the documents of `drop` and `trace`. */
import {
  passport,
  type DeliveryState,
  type Hop,
  type PassportBatch,
  type RecordedHop,
} from "../model/passport.ts";

/** Any connection to the ledger that can read. 64-bit numbers come as text. */
export interface LedgerReader {
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<{ rows: Row[] }>;
}

/** R9. `removed`: rows of the table that went for them. */
export interface Outcome {
  inserted: number;
  updated: number;
  superseded: number;
  deleted: number;
  removed: number;
}

export interface Delivery {
  delivery_id: string;
  world: string;
  domain: string;
  dataset: string;
  name: string;
  state: DeliveryState;
  table_name: string | null;
  file_id: string | null;
  batch_id: string | null;
  reason: { code: string; reason?: string } | null;
  snapshot_id: string | null;
  records_in: string | null;
  records_published: string | null;
  records_rejected: string | null;
  /** What became of the accepted rows, by the mode of the contract; null before the verdict. */
  outcome: Outcome | null;
  rejects_uri: string | null;
  arrived_at: string;
}

export interface Attempt {
  attempt: number;
  state: string;
  phase: string;
  started_at: string;
  ended_at: string | null;
  error_class: string | null;
  error: { code?: string; message?: string } | null;
}

/** A batch of a derived table: the snapshots that it is computed from, and what came of it. */
export interface DerivedBatch {
  batch_id: string;
  table_name: string;
  state: string;
  phase: "ingest" | "publish";
  attempt: number;
  upstream: Record<string, string | null>;
  snapshot_id: string | null;
  receipt_key: string | null;
  last_error: { code?: string; reason?: string } | null;
  created_at: string;
  closed_at: string | null;
}

/** RFC 3339 in UTC with milliseconds. */
const time = (expression: string) =>
  `to_char((${expression}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const deliveryColumns = `delivery_id, world, domain, dataset, name, state, table_name, file_id, batch_id, reason,
  snapshot_id::text, records_in::text, records_published::text, records_rejected::text, outcome, rejects_uri,
  ${time("to_timestamp(arrival_ms / 1000.0)")} as arrived_at`;

/** Deliveries of a world in order of arrival; `where` is SQL over ledger.delivery with parameters from $2 on. */
async function select(
  ledger: LedgerReader,
  world: string,
  where: string,
  parameters: readonly unknown[] = [],
): Promise<Delivery[]> {
  const { rows } = await ledger.query<Delivery>(
    `select ${deliveryColumns} from ledger.delivery where world = $1 and ${where} order by arrival_ms, delivery_id`,
    [world, ...parameters],
  );
  return rows;
}

export const deliveriesByName = (ledger: LedgerReader, world: string, name?: string) =>
  name === undefined ? select(ledger, world, "true") : select(ledger, world, "name = $2", [name]);

export const deliveriesById = (ledger: LedgerReader, world: string, ids: readonly string[]) =>
  select(ledger, world, "delivery_id = any($2)", [ids]);

/** By file name, delivery id, file id (or a beginning of it, 8 digits or more), or batch id. */
export const findDeliveries = (ledger: LedgerReader, world: string, text: string) =>
  select(
    ledger,
    world,
    `(name = $2 or delivery_id = $2 or batch_id = $2
      or ($2 ~ '^[0-9a-f]{8,64}$' and file_id like $2 || '%'))`,
    [text],
  );

const derivedColumns = `d.batch_id, d.table_name, d.state, d.phase, d.attempt, d.upstream, d.snapshot_id::text, d.receipt_key,
  d.last_error, ${time("d.created_at")} as created_at, ${time("d.closed_at")} as closed_at`;

/** Of each table that is derived from the delivery's: the first batch after the delivery was published. */
export async function derivedAfter(
  ledger: LedgerReader,
  { batch_id, world }: Delivery,
): Promise<DerivedBatch[]> {
  const { rows } = await ledger.query<DerivedBatch>(
    `select distinct on (d.table_name) ${derivedColumns}
       from ledger.batch d join ledger.batch b on b.batch_id = $2 and b.state = 'published'
      where d.world = $1 and d.kind = 'derived' and d.upstream ? b.table_name and d.created_at >= b.closed_at
      order by d.table_name, d.batch_id`,
    [world, batch_id],
  );
  return rows;
}

/** Batches of derived tables, oldest first: of one table, or the one with that id. */
export async function derivedBatches(
  ledger: LedgerReader,
  world: string,
  by: { table: string } | { batch: string },
): Promise<DerivedBatch[]> {
  const [column, value] = "table" in by ? ["table_name", by.table] : ["batch_id", by.batch];
  const { rows } = await ledger.query<DerivedBatch>(
    `select ${derivedColumns} from ledger.batch d
      where d.world = $1 and d.kind = 'derived' and d.${column} = $2 order by d.batch_id`,
    [world, value],
  );
  return rows;
}

/** Batches that took files of a world, oldest first. */
export async function ingestBatches(
  ledger: LedgerReader,
  world: string,
): Promise<Pick<DerivedBatch, "batch_id" | "table_name" | "state">[]> {
  const { rows } = await ledger.query<DerivedBatch>(
    `select batch_id, table_name, state from ledger.batch
      where world = $1 and kind = 'ingest' order by batch_id`,
    [world],
  );
  return rows;
}

export async function attemptsOf(ledger: LedgerReader, batch: string): Promise<Attempt[]> {
  const { rows } = await ledger.query<Attempt>(
    `select attempt, state, phase, ${time("started_at")} as started_at, ${time("ended_at")} as ended_at, error_class, error
       from ledger.attempt where batch_id = $1 order by attempt`,
    [batch],
  );
  return rows;
}

/** The hops of a batch as a whole. */
export async function recordedHops(ledger: LedgerReader, batch: string): Promise<RecordedHop[]> {
  const { rows } = await ledger.query<RecordedHop>(
    `select name, state, attempt, ${time("started_at")} as started_at, ${time("ended_at")} as ended_at, ref, why
       from ledger.hop where delivery_id is null and batch_id = $1 order by seq`,
    [batch],
  );
  return rows;
}

/** All ten hops of a delivery. Of the batch's hops those of the batch that gave the verdict. */
export async function hopsOf(ledger: LedgerReader, delivery: Delivery): Promise<Hop[]> {
  const { rows: recorded } = await ledger.query<RecordedHop>(
    `select name, state, attempt, ${time("started_at")} as started_at, ${time("ended_at")} as ended_at, ref, why
       from ledger.hop
      where delivery_id = $1 or (delivery_id is null and batch_id = $2)
      order by seq`,
    [delivery.delivery_id, delivery.batch_id],
  );
  const { rows: batches } = await ledger.query<PassportBatch>(
    `select b.batch_id, b.state, b.phase, b.attempt, b.last_error, s.holder as slot_holder
       from ledger.batch b left join ledger.slot s on s.world = b.world and s.table_name = b.table_name
      where b.batch_id = $1`,
    [delivery.batch_id],
  );
  return passport(delivery, batches[0] ?? null, recorded);
}

const counts = (outcome: Outcome) =>
  Object.fromEntries(Object.entries(outcome).map(([word, count]) => [word, String(count)]));

/** The `files[]` member of `drop`, the head of `trace`. */
export function fileDocument(delivery: Delivery): Record<string, unknown> {
  const { records_in, records_published, records_rejected } = delivery;
  return {
    file_id: delivery.file_id,
    delivery_id: delivery.delivery_id,
    name: delivery.name,
    dataset: `${delivery.domain}.${delivery.dataset}`,
    state: delivery.state,
    rows: { in: records_in, published: records_published, rejected: records_rejected },
    outcome: delivery.outcome && counts(delivery.outcome),
    table: delivery.table_name,
    snapshot_id: delivery.snapshot_id,
    reason: delivery.reason?.reason ?? delivery.reason?.code ?? null,
  };
}
