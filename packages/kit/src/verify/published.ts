/** I1 exactly once and I4 no unaudited reads: what main's ancestry, its receipts, the ledger and the rows say of each other. */
import type { Facts, Receipt, SnapshotFact, TableFact } from "./facts.ts";
import type { Check } from "./look.ts";
import { keys } from "../model/names.ts";
import { receiptsThatCount } from "./receipts.ts";

export const exactlyOnce: Check[] = [
  {
    name: "publications_once",
    invariant: "I1",
    promise: "the publications in the receipts of main's ancestry are all distinct",
    run(facts, look) {
      for (const table of facts.tables) {
        const seen = new Map<string, string>();
        for (const { key, snapshot } of inLake(facts, table)) {
          const other = seen.get(key);
          look.at(
            `${table.name} ${key}`,
            other === undefined ? null : `published by ${other} and again by ${snapshot}`,
          );
          seen.set(key, snapshot);
        }
      }
    },
  },
  {
    name: "publications_agree",
    invariant: "I1",
    promise: "the ledger knows exactly the publications of the lake",
    run(facts, look) {
      const open = openBatches(facts);
      const lake = new Map<string, string>();
      for (const table of facts.tables)
        for (const { key, snapshot, batch } of inLake(facts, table))
          // A batch that is not closed yet has moved main already and tells the ledger next.
          if (!open.has(batch)) lake.set(`${table.name} ${key}`, snapshot);
      const ledger = new Map(
        facts.publications.map((p) => [`${p.table_name} ${p.publication_key}`, p.snapshot_id]),
      );
      for (const [subject, snapshot] of lake) {
        const known = ledger.get(subject);
        const says = known === undefined ? "does not know it" : `says ${known}`;
        look.at(
          subject,
          known === snapshot ? null : `the lake has it in ${snapshot}, the ledger ${says}`,
        );
      }
      for (const [subject, snapshot] of ledger)
        if (!lake.has(subject)) look.at(subject, `the ledger has it in ${snapshot}, main does not`);
    },
  },
  {
    name: "verdicts_agree",
    invariant: "I1",
    promise: "each delivery has the verdict of the receipt that counts",
    run(facts, look) {
      const open = openBatches(facts);
      const states = new Map(facts.deliveries.map((d) => [d.delivery_id, d.state]));
      for (const table of facts.tables)
        for (const { receipt } of receiptsThatCount([table], facts.receipts)) {
          if (receipt.snapshot_id === null || open.has(receipt.batch)) continue;
          for (const { delivery, verdict } of receipt.deliveries) {
            const state = states.get(delivery);
            look.at(
              delivery,
              state === verdict
                ? null
                : `its receipt says ${verdict}, the ledger ${state ?? "nothing"}`,
            );
          }
        }
    },
  },
  {
    name: "rows_once",
    invariant: "I1",
    promise: "(_file_id, _row) is unique in each publication, and every row has one",
    run(facts, look) {
      for (const table of facts.tables) {
        const published = new Map<string, number>();
        for (const { receipt, snapshot } of receiptsThatCount([table], facts.receipts))
          for (const one of snapshot === null ? [] : receipt.deliveries)
            if (one.verdict === "published") published.set(one.delivery, one.records);
        for (const { delivery_id, file_id, rows, distinct_rows } of table.rows ?? []) {
          const records = published.get(delivery_id);
          published.delete(delivery_id);
          look.at(
            `${table.name} ${file_id.slice(0, 12)} ${delivery_id}`,
            rows !== distinct_rows
              ? `${rows} rows, ${distinct_rows} of them distinct`
              : records === undefined
                ? `${rows} rows that no receipt in main's ancestry names`
                : rows > records || (table.mode === "append" && rows !== records)
                  ? `${rows} rows of ${records} that were accepted`
                  : null,
          );
        }
        // Later rows of a key take the place of earlier ones, unless the table only grows.
        if (table.mode === "append" && table.rows)
          for (const [delivery, records] of published)
            if (records > 0) look.at(`${table.name} ${delivery}`, `0 rows of ${records} accepted`);
      }
    },
  },
];

export const audited: Check[] = [
  {
    name: "snapshots_audited",
    invariant: "I4",
    promise:
      "every snapshot of main was checked, as its receipt says, on the base that it stands on",
    run(facts, look) {
      for (const table of facts.tables)
        for (const snapshot of table.ancestry)
          if (!isFirst(snapshot))
            look.at(`${table.name} ${snapshot.id}`, unaudited(facts, snapshot));
    },
  },
];

function unaudited(facts: Facts, snapshot: SnapshotFact): string | null {
  if (!snapshot.summary["gridata.batch"]) return "no batch says that it wrote it";
  const receipt = receiptOf(facts, snapshot);
  if (!receipt) return "the lake has no receipt of it";
  if (receipt.base_id !== snapshot.parent)
    return `it was checked on ${receipt.base_id} and stands on ${snapshot.parent}`;
  const failed = receipt.checks.filter(({ passed, severity }) => !passed && severity === "error");
  if (failed.length > 0) return `failed: ${failed.map(({ name }) => name).join(", ")}`;
  return receipt.checks.length === 0 ? "its receipt names no check" : null;
}

/** The empty snapshot with which every table begins. */
const isFirst = ({ parent, summary }: SnapshotFact) =>
  parent === null && !summary["gridata.batch"] && summary["total-records"] === "0";

export const openBatches = (facts: Facts) =>
  new Set(facts.batches.filter(({ state }) => state === "open").map(({ batch_id }) => batch_id));

/** The receipt that counts: of the very snapshot. */
export function receiptOf(facts: Facts, { id, summary }: SnapshotFact): Receipt | null {
  const batch = summary["gridata.batch"];
  const attempt = Number(summary["gridata.attempt"]);
  const receipt = batch && facts.receipts[keys.receipt(facts.world, batch, attempt)];
  return receipt && receipt.snapshot_id === id ? receipt : null;
}

function inLake(facts: Facts, table: TableFact) {
  return receiptsThatCount([table], facts.receipts).flatMap(({ receipt, snapshot }) =>
    receipt.deliveries
      .filter(({ verdict }) => verdict === "published")
      .map(({ key }) => ({ key, snapshot: snapshot ?? receipt.base_id, batch: receipt.batch })),
  );
}
