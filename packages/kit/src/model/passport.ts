/** The passport of a file: every hop of a delivery in order, and of a hop that is missing, why. Pure. */

export const hopNames = [
  "dropped",
  "staged",
  "announced",
  "dispatched",
  "validated",
  "raw",
  "written",
  "checked",
  "published",
  "closed",
] as const;
export type HopName = (typeof hopNames)[number];

export type DeliveryState =
  | "staged"
  | "queued"
  | "running"
  | "published"
  | "duplicate"
  | "rejected"
  | "parked";

export const finalStates: readonly DeliveryState[] = ["published", "duplicate", "rejected"];

export interface PassportDelivery {
  state: DeliveryState;
  /** Why it was rejected or parked. */
  reason: { code: string; reason?: string } | null;
}

export interface PassportBatch {
  state: string;
  phase: "ingest" | "publish";
  attempt: number;
  /** Last error of its attempts, if any failed. */
  last_error: { class?: string; message?: string } | null;
  /** Another batch holds the table's publishing slot: that batch. */
  slot_holder: string | null;
  batch_id: string;
}

export interface RecordedHop {
  name: HopName;
  state: "done" | "failed";
  attempt: number | null;
  started_at: string;
  ended_at: string;
  ref: string | null;
  why: string | null;
}

export interface Hop {
  name: HopName;
  /** `skipped`: this delivery's verdict needs no such hop. `missing`: it should come and has not. */
  state: "done" | "failed" | "missing" | "skipped";
  started_at: string | null;
  ended_at: string | null;
  ref: string | null;
  why: string | null;
}

/** All ten hops. Of a hop recorded by several attempts the newest record counts. */
export function passport(
  delivery: PassportDelivery,
  batch: PassportBatch | null,
  recorded: readonly RecordedHop[],
): Hop[] {
  const over = finalStates.includes(delivery.state);
  let explained = false;
  return hopNames.map((name) => {
    const records = recorded.filter((hop) => hop.name === name);
    const record = records.findLast((hop) => hop.state === "done") ?? records.at(-1);
    if (record) {
      const { state, started_at, ended_at, ref, why } = record;
      if (state === "failed") explained = true;
      return { name, state, started_at, ended_at, ref, why };
    }
    const none = { name, started_at: null, ended_at: null, ref: null };
    if (over || delivery.state === "parked")
      return { ...none, state: "skipped", why: name === "announced" ? foundByListing : null };
    if (name === "announced") return { ...none, state: "skipped", why: foundByListing };
    // Only the first hop that is missing has a reason of its own; the others wait for it.
    if (explained) return { ...none, state: "missing", why: null };
    explained = true;
    return { ...none, state: "missing", why: whyMissing(name, delivery, batch) };
  });
}

const foundByListing = "no event came for it; the dispatcher found it by listing the store";

function whyMissing(
  name: HopName,
  delivery: PassportDelivery,
  batch: PassportBatch | null,
): string {
  if (!batch || delivery.state === "staged")
    return "it waits to be claimed: a batch of its table is being ingested, or the dispatcher does not run";
  const failed = batch.last_error
    ? `; the last failure was ${batch.last_error.class ?? "unknown"}: ${batch.last_error.message ?? ""}`
    : "";
  if (batch.slot_holder && batch.slot_holder !== batch.batch_id)
    return `batch ${batch.batch_id} waits for the table's publishing slot, which batch ${batch.slot_holder} holds`;
  if (batch.attempt === 0) return `batch ${batch.batch_id} waits for its first run in Airflow`;
  return `attempt ${batch.attempt} of batch ${batch.batch_id} has not come to '${name}' yet${failed}`;
}
