/** What the lake says that a lost ledger must say again. Pure: facts in, rows out. */
import type { ObjectFact, Receipt, ReceiptDelivery } from "../verify/facts.ts";
import { receiptsThatCount, type CountedTable } from "../verify/receipts.ts";

/** `verdict.json`: what validation said of a file that it refused. */
export interface VerdictFile {
  key: string;
  name: string;
  file_id: string;
  delivery_id: string;
  records: number | null;
  rejected: number | null;
  refused: { code: string; reason: string } | null;
}

export interface LakeFacts {
  tables: CountedTable[];
  /** By key in the bucket `curated`. */
  receipts: Record<string, Receipt>;
  /** Batches whose checks named culprits: those were rejected, the others staged again. */
  splits: Pick<Receipt, "batch" | "attempt" | "table" | "release" | "deliveries">[];
  verdicts: VerdictFile[];
  staged: ObjectFact[];
}

interface BatchRow {
  batch_id: string;
  table_name: string;
  release_id: string;
  state: "published" | "nothing" | "split";
  attempt: number;
  base_id: string | null;
  snapshot_id: string | null;
  receipt_key: string | null;
}

interface DeliveryRow {
  delivery_id: string;
  domain: string;
  dataset: string;
  object_key: string;
  version_id: string;
  name: string;
  size_bytes: number;
  arrival_ms: number;
  again: boolean;
  table_name: string | null;
  file_id: string;
  state: string;
  batch_id: string | null;
  reason: { code: string; reason: string } | null;
  snapshot_id: string | null;
  records_in: number | null;
  records_published: number;
  records_rejected: number | null;
  outcome: ReceiptDelivery["outcome"] | null;
  rejects_uri: string | null;
  /** Its staged version is still there, and to be deleted. */
  staged: boolean;
  result: ReceiptDelivery["result"];
}

interface PublicationRow {
  table_name: string;
  publication_key: string;
  delivery_id: string;
  file_id: string;
  batch_id: string;
  snapshot_id: string;
}

export interface LedgerRows {
  batches: BatchRow[];
  deliveries: DeliveryRow[];
  publications: PublicationRow[];
}

/** What has no row in the end and is staged is a delivery that the dispatcher finds by listing, as at its first arrival. */
export function rowsOfLake(lake: LakeFacts): LedgerRows {
  const batches: BatchRow[] = [];
  const publications: PublicationRow[] = [];
  const deliveries = new Map<string, DeliveryRow>();
  const staged = new Set(lake.staged.map(({ key, versionId }) => `${key}\n${versionId}`));
  const isStaged = (one: { object_key: string; version_id: string }) =>
    staged.has(`${one.object_key}\n${one.version_id}`);

  for (const { receipt, key, snapshot } of receiptsThatCount(lake.tables, lake.receipts)) {
    const { batch, attempt, table, release, base_id } = receipt;
    batches.push({
      batch_id: batch,
      table_name: table,
      release_id: release,
      state: snapshot === null ? "nothing" : "published",
      attempt,
      base_id,
      snapshot_id: snapshot ?? base_id,
      receipt_key: key,
    });
    for (const one of receipt.deliveries) {
      // A delivery that was registered anew after a loss may be a duplicate of itself: the verdict that published it counts.
      if (deliveries.get(one.delivery)?.state === "published") continue;
      // What had no rows, or older ones only, is published at the base.
      const at = snapshot ?? base_id;
      deliveries.set(one.delivery, deliveryRow(one, receipt, at, isStaged(one)));
      if (one.verdict === "published")
        publications.push({
          table_name: table,
          publication_key: one.key,
          delivery_id: one.delivery,
          file_id: one.file_id!,
          batch_id: batch,
          snapshot_id: at,
        });
    }
  }
  for (const split of lake.splits) {
    const rejected = split.deliveries.filter(({ delivery }) => !deliveries.has(delivery));
    if (rejected.length === 0) continue;
    batches.push({
      batch_id: split.batch,
      table_name: split.table,
      release_id: split.release,
      state: "split",
      attempt: split.attempt,
      ...{ base_id: null, snapshot_id: null, receipt_key: null },
    });
    for (const one of rejected)
      deliveries.set(one.delivery, deliveryRow(one, split, null, isStaged(one)));
  }
  for (const verdict of lake.verdicts) {
    const row = refusedRow(verdict);
    // One that is staged has its verdict before it again; a receipt beats what a failed attempt left.
    if (row && !deliveries.has(row.delivery_id) && !stagedBelow(lake, row.delivery_id))
      deliveries.set(row.delivery_id, row);
  }
  // Duplicates point to the snapshot that has their content.
  const published = new Map(
    publications.map((p) => [`${p.table_name} ${p.file_id}`, p.snapshot_id]),
  );
  for (const row of deliveries.values())
    if (row.state === "duplicate")
      row.snapshot_id = published.get(`${row.table_name} ${row.file_id}`) ?? null;
  return { batches, deliveries: [...deliveries.values()], publications };
}

function deliveryRow(
  one: ReceiptDelivery,
  { batch, table }: Pick<Receipt, "batch" | "table">,
  snapshot: string | null,
  staged: boolean,
): DeliveryRow {
  const { result } = one;
  return {
    delivery_id: one.delivery,
    domain: one.domain,
    dataset: one.dataset,
    object_key: one.object_key,
    version_id: one.version_id,
    name: one.name,
    size_bytes: one.size_bytes,
    arrival_ms: one.arrival_ms,
    again: one.again,
    table_name: table,
    file_id: one.file_id!,
    state: one.verdict,
    batch_id: batch,
    outcome: one.outcome ?? null,
    reason: one.reason ?? (one.verdict === "rejected" ? (result?.refused ?? null) : null),
    snapshot_id: one.verdict === "published" ? snapshot : null,
    records_in: result?.records ?? null,
    records_published: one.verdict === "published" ? one.records : 0,
    records_rejected: result?.rejected ?? null,
    rejects_uri: result?.rejects_uri ?? null,
    staged,
    result,
  };
}

/** `<w>/rejected/<domain>/<dataset>/<file id>/<delivery>/<attempt>/verdict.json`. Null when the file was not refused whole. */
function refusedRow(verdict: VerdictFile): DeliveryRow | null {
  const [, , domain, dataset] = verdict.key.split("/");
  if (!verdict.refused || !domain || !dataset) return null;
  const arrival = Number.parseInt(verdict.delivery_id.replaceAll("-", "").slice(0, 12), 16);
  return {
    delivery_id: verdict.delivery_id,
    domain,
    dataset,
    // The version that it was is deleted: no other one has this name.
    object_key: verdict.key,
    version_id: "deleted",
    name: verdict.name,
    size_bytes: 0,
    arrival_ms: arrival,
    again: false,
    table_name: null,
    file_id: verdict.file_id,
    state: "rejected",
    batch_id: null,
    reason: verdict.refused,
    snapshot_id: null,
    records_in: verdict.records,
    records_published: 0,
    records_rejected: verdict.rejected,
    outcome: null,
    rejects_uri: `s3://raw/${verdict.key.replace(/verdict\.json$/, "")}`,
    staged: false,
    result: null,
  };
}

const stagedBelow = ({ staged }: LakeFacts, delivery: string) =>
  staged.some(({ key }) => key.split("/").includes(delivery));
