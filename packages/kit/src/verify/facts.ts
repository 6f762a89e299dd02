/** What `ledger verify` looks at: rows of the ledger, tables, receipts and objects of one world, as they were read. Inert data. */

export interface DeliveryFact {
  delivery_id: string;
  domain: string;
  dataset: string;
  object_key: string;
  version_id: string;
  table_name: string | null;
  file_id: string | null;
  state: string;
  batch_id: string | null;
  reason: { code?: string; reason?: string } | null;
  snapshot_id: string | null;
  records_in: string | null;
  records_published: string | null;
  records_rejected: string | null;
  rejects_uri: string | null;
  unstaged: boolean;
  /** Seconds since its state changed. */
  age_s: number;
}

export interface BatchFact {
  batch_id: string;
  table_name: string;
  state: string;
  phase: "ingest" | "publish";
  attempt: number;
  snapshot_id: string | null;
  receipt_key: string | null;
  holds_slot: boolean;
  /** Seconds since its lease ran out; negative while it runs; null when no step is to run. */
  lease_over_s: number | null;
  /** Seconds since its back-off ended; negative while it lasts. */
  backoff_over_s: number;
}

export interface MemberFact {
  batch_id: string;
  delivery_id: string;
  file_id: string | null;
  result: {
    records?: number | null;
    accepted?: number;
    rejected?: number | null;
    refused?: { code: string; reason: string } | null;
    raw_key?: string | null;
    rejects_uri?: string | null;
  } | null;
}

export interface IntentFact {
  batch_id: string;
  attempt: number;
  table_name: string;
  snapshot_id: string;
  state: string;
}

export interface PublicationFact {
  table_name: string;
  publication_key: string;
  delivery_id: string;
  file_id: string;
  batch_id: string;
  snapshot_id: string;
}

export interface SlotFact {
  table_name: string;
  holder: string;
}

export interface ReceiptDelivery {
  delivery: string;
  verdict: string;
  key: string;
  file_id: string | null;
  records: number;
  /** Accepted rows that a named rule dropped, by its name. */
  dropped?: Record<string, number>;
  /** What became of its rows, by the mode of its table. */
  outcome?: Record<string, unknown> | null;
  arrival_ms: number;
  domain: string;
  dataset: string;
  name: string;
  object_key: string;
  version_id: string;
  size_bytes: number;
  again: boolean;
  result: MemberFact["result"];
  /** Of one that a check rejected, or that is published and changed nothing. */
  reason?: { code: string; reason: string } | null;
}

export interface Receipt {
  batch: string;
  attempt: number;
  table: string;
  release: string;
  base_id: string;
  snapshot_id: string | null;
  rows: number;
  deliveries: ReceiptDelivery[];
  /** Said before its snapshot (of one that wrote nothing: its base) expired, and can't be looked for any more. */
  settled?: "published" | "rolled_back";
  checks: { name: string; severity: string; passed: boolean }[];
}

export interface SnapshotFact {
  id: string;
  parent: string | null;
  summary: Record<string, string>;
}

/** Rows that a table holds of one delivery. */
export interface RowsFact {
  delivery_id: string;
  file_id: string;
  rows: number;
  distinct_rows: number;
}

export interface TableFact {
  name: string;
  refs: Record<string, string>;
  /** From main back to the first one, as far as they are kept. */
  ancestry: SnapshotFact[];
  /** Ids of all that are kept. */
  snapshots: string[];
  /** How files are merged into it, as its contract says; null when no release knows it. */
  mode: string | null;
  /** Null for a table whose rows name no delivery. */
  rows: RowsFact[] | null;
}

export interface ObjectFact {
  key: string;
  size: number;
  versionId: string | null;
  /** Seconds since it was written; null where the listing does not tell. */
  age_s: number | null;
}

export interface RunFact {
  dag: string;
  batch: string;
  attempt: number;
  /** It is queued or running. */
  live: boolean;
}

export interface Facts {
  world: string;
  deliveries: DeliveryFact[];
  batches: BatchFact[];
  members: MemberFact[];
  intents: IntentFact[];
  publications: PublicationFact[];
  slots: SlotFact[];
  tables: TableFact[];
  /** By key in the bucket `curated`. */
  receipts: Record<string, Receipt>;
  /** Every version below `staging/<w>/drop/`. */
  staged: ObjectFact[];
  parquet: ObjectFact[];
  raw: ObjectFact[];
  /** Distinct bad records in the evidence of a delivery that has any. */
  evidence: Record<string, number>;
  /** Files that the gateway took and has not brought. */
  taken: { name: string; age_s: number }[];
  /** Null when Airflow did not answer. */
  runs: RunFact[] | null;
}
