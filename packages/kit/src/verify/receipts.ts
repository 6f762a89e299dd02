/** Which receipts count: the lake's own account of what was published. Pure. */
import type { Receipt, TableFact } from "./facts.ts";

export type CountedTable = Pick<TableFact, "name" | "ancestry" | "snapshots">;

export interface Counting {
  key: string;
  receipt: Receipt;
  /** Null of a batch that wrote nothing: what it published, as a file without rows, is published at its base. */
  snapshot: string | null;
}

/**
 * A receipt counts if and only if its snapshot is in main's ancestry; one without a snapshot, if its base is and no attempt of its
 * batch wrote one. Of a snapshot that has expired the receipt itself says whether it was. Those with snapshots first.
 */
export function receiptsThatCount(
  tables: readonly CountedTable[],
  receipts: Readonly<Record<string, Receipt>>,
): Counting[] {
  const mains = new Map(
    tables.map(({ name, ancestry }) => [name, new Map(ancestry.map((s) => [s.id, s.summary]))]),
  );
  const kept = new Map(tables.map(({ name, snapshots }) => [name, new Set(snapshots)]));
  const counting = Object.entries(receipts).flatMap(([key, receipt]): Counting[] => {
    const main = mains.get(receipt.table);
    const { snapshot_id: snapshot, base_id } = receipt;
    const at = snapshot ?? base_id;
    if (!main?.has(at)) {
      const expired = kept.get(receipt.table)?.has(at) === false;
      return expired && receipt.settled === "published" ? [{ key, receipt, snapshot }] : [];
    }
    if (snapshot === null) return [{ key, receipt, snapshot }];
    const summary = main.get(snapshot);
    const its =
      summary?.["gridata.batch"] === receipt.batch &&
      summary["gridata.attempt"] === String(receipt.attempt);
    return its ? [{ key, receipt, snapshot }] : [];
  });
  const published = counting.filter(({ snapshot }) => snapshot !== null);
  const batches = new Set(published.map(({ receipt }) => receipt.batch));
  // Of several attempts that found nothing to write the last one closed.
  const nothing = new Map(
    counting
      .filter(({ snapshot, receipt }) => snapshot === null && !batches.has(receipt.batch))
      .toSorted((a, b) => a.receipt.attempt - b.receipt.attempt)
      .map((one) => [one.receipt.batch, one]),
  );
  return [...published, ...nothing.values()];
}
