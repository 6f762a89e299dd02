/** What every generator of files gives: bytes, and what must come of them. */
import { createHash } from "node:crypto";

/** A row as text, in the canonical form in which tables are compared; null is NULL. */
export type Row = Record<string, string | null>;

export interface BadRow {
  /** Ordinal of the record, from 1. */
  record: number;
  /** Physical line in the file, from 1. */
  line: number;
  column: string | null;
  rule: string;
  value: string;
}

export interface GeneratedFile {
  bytes: Buffer;
  /** sha256, hex. */
  fileId: string;
  /** Rows that must be published, with `_row`. */
  rows: Row[];
  bad: BadRow[];
  records: number;
}

/** Rows in a form that two sets can be compared by: sorted, one text a row. */
export function canonical(rows: Row[], columns: readonly string[]): string[] {
  return rows.map((row) => columns.map((name) => row[name] ?? "\\N").join("\u001f")).toSorted();
}

export const two = (n: number) => String(n).padStart(2, "0");

/** The file of these bytes; its id goes into every row. */
export function sealed(bytes: Buffer, rows: Row[], bad: BadRow[], records: number): GeneratedFile {
  const fileId = createHash("sha256").update(bytes).digest("hex");
  for (const row of rows) row["_file_id"] = fileId;
  return { bytes, fileId, rows, bad, records };
}
