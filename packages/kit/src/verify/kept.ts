/** I2 no orphan and I3 conservation: every object has its delivery, every delivery its objects, and every record is counted. */
import { finalStates, type DeliveryState } from "../model/passport.ts";
import type { DeliveryFact, Facts } from "./facts.ts";
import type { Check } from "./look.ts";
import { receiptsThatCount } from "./receipts.ts";
import { openBatches } from "./published.ts";

/** What a healthy stack does by itself takes less; what takes longer is stuck. */
const graceSeconds = 90;

const isFinal = ({ state }: DeliveryFact) => finalStates.includes(state as DeliveryState);
const version = ({ object_key, version_id }: DeliveryFact) => `${object_key}\n${version_id}`;

export const noOrphan: Check[] = [
  {
    name: "staged_known",
    invariant: "I2",
    promise: "every staged version is a delivery of the ledger whose verdict is to come",
    run(facts, look) {
      const known = new Map(facts.deliveries.map((d) => [version(d), d]));
      for (const { key, versionId, age_s } of facts.staged) {
        const delivery = known.get(`${key}\n${versionId}`);
        const settled = delivery && isFinal(delivery) && delivery.age_s > graceSeconds;
        look.at(
          `s3://staging/${key}`,
          !delivery && (age_s ?? Infinity) > graceSeconds
            ? "the ledger does not know this version"
            : settled
              ? `${delivery.delivery_id} is ${delivery.state} and its staged version is still there`
              : null,
        );
      }
    },
  },
  {
    name: "staged_kept",
    invariant: "I2",
    promise: "the staged version of every delivery without a final verdict is there",
    run(facts, look) {
      const there = new Set(facts.staged.map(({ key, versionId }) => `${key}\n${versionId}`));
      for (const delivery of facts.deliveries)
        if (!isFinal(delivery))
          look.at(
            delivery.delivery_id,
            there.has(version(delivery))
              ? null
              : `${delivery.state}, and its staged version is gone`,
          );
    },
  },
  {
    name: "raw_known",
    invariant: "I2",
    promise: "every object in raw/ is of a delivery of the ledger",
    run(facts, look) {
      const files = new Set<string | null>([
        ...facts.deliveries.map(({ file_id }) => file_id),
        ...facts.members.map(({ file_id }) => file_id),
      ]);
      const deliveries = new Set(facts.deliveries.map(({ delivery_id }) => delivery_id));
      for (const { key, age_s } of facts.raw) {
        const parts = key.split("/");
        const known =
          parts[1] === "rejected" ? deliveries.has(parts[5]!) : files.has(parts[4] ?? null);
        look.at(
          `s3://raw/${key}`,
          known || (age_s !== null && age_s < graceSeconds) ? null : "the ledger does not know it",
        );
      }
    },
  },
  {
    name: "raw_kept",
    invariant: "I2",
    promise:
      "the original of every delivery with a verdict is in raw/, and the evidence of what was refused",
    run(facts, look) {
      const there = new Set(facts.raw.map(({ key }) => key));
      const originals = new Set(
        facts.raw
          .map(({ key }) => key.split("/"))
          .flatMap((parts) => (parts[1] === "rejected" ? [] : (parts[4] ?? []))),
      );
      for (const delivery of facts.deliveries) {
        if (!isFinal(delivery)) continue;
        const evidence = delivery.rejects_uri?.replace("s3://raw/", "");
        look.at(
          delivery.delivery_id,
          !delivery.file_id || !originals.has(delivery.file_id)
            ? `${delivery.state}, and raw/ has no original of ${delivery.file_id ?? "it"}`
            : evidence && !there.has(`${evidence}verdict.json`)
              ? `its verdict is not at ${delivery.rejects_uri}`
              : null,
        );
      }
    },
  },
  {
    name: "parquet_known",
    invariant: "I2",
    promise: "every typed file in staging/ is of a batch of the ledger",
    run(facts, look) {
      const known = new Set(facts.batches.map(({ batch_id }) => batch_id));
      for (const { key } of facts.parquet)
        look.at(
          `s3://staging/${key}`,
          known.has(key.split("/")[3] ?? "") ? null : "the ledger does not know its batch",
        );
    },
  },
  {
    name: "batches_move",
    invariant: "I2",
    promise: "every open batch has a lease, a back-off, or the slot to wait for",
    run(facts, look) {
      const open = openBatches(facts);
      for (const batch of facts.batches) {
        if (batch.state !== "open") continue;
        const holder = facts.slots.find(
          ({ table_name }) => table_name === batch.table_name,
        )?.holder;
        const waits = batch.phase === "publish" && batch.lease_over_s === null;
        const idle = Math.min(batch.lease_over_s ?? Infinity, batch.backoff_over_s);
        look.at(
          batch.batch_id,
          waits
            ? holder !== undefined && !open.has(holder)
              ? `it waits for the slot, which ${holder} holds, which is not open`
              : null
            : idle > graceSeconds
              ? `nothing works on it for ${Math.round(idle)} s`
              : null,
        );
      }
      for (const { table_name, holder } of facts.slots)
        look.at(
          `slot of ${table_name}`,
          open.has(holder) ? null : `${holder} holds it and is closed`,
        );
    },
  },
  {
    name: "deliveries_move",
    invariant: "I2",
    promise: "every delivery without a verdict is in an open batch, or next in line for one",
    run(facts, look) {
      const open = openBatches(facts);
      const busy = new Set(
        facts.batches.filter(({ state }) => state === "open").map(({ table_name }) => table_name),
      );
      const members = new Set(facts.members.map((m) => `${m.batch_id} ${m.delivery_id}`));
      for (const d of facts.deliveries) {
        if (isFinal(d)) continue;
        const inBatch = d.state === "queued" || d.state === "running";
        const waiting = d.table_name !== null && busy.has(d.table_name);
        look.at(
          d.delivery_id,
          inBatch && !(open.has(d.batch_id ?? "") && members.has(`${d.batch_id} ${d.delivery_id}`))
            ? `${d.state} in ${d.batch_id}, which is not open or does not have it`
            : d.state === "staged" && d.age_s > graceSeconds && !waiting && busy.size === 0
              ? `staged for ${Math.round(d.age_s)} s, and no batch takes it`
              : d.state === "parked" && !d.reason?.code
                ? "parked without a reason"
                : null,
        );
      }
    },
  },
  {
    name: "intents_closed",
    invariant: "I2",
    promise:
      "an open intent is of an open batch; one that was published is in main, one that is void is not",
    run(facts, look) {
      const open = openBatches(facts);
      for (const { batch_id, attempt, table_name, snapshot_id, state } of facts.intents) {
        const table = facts.tables.find(({ name }) => name === table_name);
        const inMain =
          table !== undefined &&
          (table.ancestry.some(({ id }) => id === snapshot_id) ||
            // It has expired, and its receipt says that it was.
            receiptsThatCount([table], facts.receipts).some(
              ({ receipt, snapshot }) => snapshot === snapshot_id && receipt.batch === batch_id,
            ));
        look.at(
          `${batch_id} attempt ${attempt}`,
          state === "open"
            ? open.has(batch_id)
              ? null
              : "open, and its batch is closed"
            : (state === "published") === inMain
              ? null
              : `${state}, and main ${inMain ? "has" : "lacks"} ${snapshot_id}`,
        );
      }
    },
  },
];

export const conserved: Check[] = [
  {
    name: "records_conserved",
    invariant: "I3",
    promise:
      "of every file: records = accepted + quarantined, and accepted = what its receipt says was published",
    run(facts, look) {
      const results = new Map(
        facts.members.map((m) => [`${m.batch_id} ${m.delivery_id}`, m.result]),
      );
      for (const d of facts.deliveries)
        if (isFinal(d)) {
          const result = results.get(`${d.batch_id} ${d.delivery_id}`);
          look.at(d.delivery_id, lost(facts, d, result ?? null));
        }
    },
  },
];

function lost(facts: Facts, d: DeliveryFact, result: Facts["members"][number]["result"]) {
  const published = Number(d.records_published ?? 0);
  if (d.state !== "published" && published !== 0)
    return `${d.state}, and ${published} records published`;
  const evidence = facts.evidence[d.delivery_id];
  const rejected = Number(d.records_rejected ?? 0);
  if (evidence !== undefined && evidence !== rejected)
    return `${rejected} records rejected, ${evidence} in the evidence`;
  if (d.state !== "published") return null;
  if (!result) return "nothing tells what validation found of it";
  if (d.records_in === null || result.records === null || result.records === undefined)
    return "its records were not counted";
  const accepted = result.accepted ?? 0;
  if (Number(d.records_in) !== accepted + rejected)
    return `${d.records_in} records, ${accepted} accepted and ${rejected} rejected`;
  const dropped = droppedRows(facts, d.delivery_id);
  return accepted === published + dropped
    ? null
    : `${accepted} accepted, ${published} published, ${dropped} dropped by named rules`;
}

function droppedRows({ receipts }: Facts, delivery: string): number {
  const found = Object.values(receipts)
    .flatMap(({ deliveries }) => deliveries)
    .find((one) => one.delivery === delivery && one.verdict === "published");
  return Object.values(found?.dropped ?? {}).reduce((sum, rows) => sum + rows, 0);
}
