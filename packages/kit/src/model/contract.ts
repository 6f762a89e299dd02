/**
 * The compiled form of a contract: what every part except the compiler reads, in TypeScript and (as JSON, same member
 * names) in Python. ODCS YAML goes in, this comes out; nothing downstream reads YAML.
 */
export type ColumnType =
  | { kind: "string" }
  | { kind: "boolean" }
  | { kind: "int" } // 32 bits
  | { kind: "long" } // 64 bits
  | { kind: "float" }
  | { kind: "double" }
  | { kind: "decimal"; precision: number; scale: number }
  | { kind: "date" }
  | { kind: "timestamp" } // without zone
  | { kind: "timestamptz" } // an instant, kept in UTC
  // Nested types come from JSON, Parquet and Avro only; a CSV or a sheet has no cells for them.
  | { kind: "struct"; fields: NestedField[] }
  | { kind: "list"; element: ColumnType }
  | { kind: "map"; key: ColumnType; value: ColumnType };

export interface NestedField {
  name: string;
  /** Its name in the file. */
  source: string;
  type: ColumnType;
  required: boolean;
  classification: string | null;
}

export interface Column {
  name: string;
  /** Its name in the file: a header, a key or a field, compared exactly. */
  source: string;
  type: ColumnType;
  required: boolean;
  unique: boolean;
  /** 1-based position in the primary key, 0 when not part of it. */
  key: number;
  /** Regular expression (RE2 syntax) that the whole text must match. */
  pattern: string | null;
  enum: string[] | null;
  /** Bounds are decimal or ISO texts, so that no precision is lost in JSON. */
  minimum: string | null;
  maximum: string | null;
  exclusiveMinimum: string | null;
  exclusiveMaximum: string | null;
  minLength: number | null;
  maxLength: number | null;
  /** Java DateTimeFormatter pattern of dates and timestamps in the file; null = ISO 8601. */
  format: string | null;
  /** `pii`, ... as the contract says; null when unclassified. */
  classification: string | null;
  description: string | null;
}

/** How texts are written in a file. The forms of numbers and words hold for CSV and Excel; JSON has its own. */
export interface Dialect {
  delimiter: string;
  /** Empty: nothing is quoted. */
  quote: string;
  /** The character before a quote inside quotes; the quote itself when it is doubled. */
  escape: string;
  /** Names of the columns stand in the first record (after `skipRows`); else the columns come in the contract's order. */
  header: boolean;
  encoding: "utf-8" | "utf-16" | "latin-1" | "windows-1252";
  /** A cell with exactly this text, unquoted, is NULL. */
  nullText: string;
  /** Physical lines before the header (or the first record) that are no data. */
  skipRows: number;
  /** Records at the end that are no data, as a row of totals. */
  skipFooter: number;
  /** Lines that begin with it are no records; null: there are no comments. */
  comment: string | null;
  decimal: "." | ",";
  /** Between groups of three digits; null: numbers have none. */
  thousands: string | null;
  /** Texts of the two booleans, compared without regard to case. */
  trueTexts: string[];
  falseTexts: string[];
  /** Excel: name of the sheet; null: the file must have exactly one. */
  sheet: string | null;
}

export interface Limits {
  bytes: number;
  lineBytes: number;
  columns: number;
  /** Uncompressed bytes / compressed bytes. */
  expansionRatio: number;
}

export type Format = "csv" | "jsonl" | "json" | "parquet" | "avro" | "excel";

/** Error threshold: a share of the records (0..1) or a number of them. */
export type Threshold = { kind: "share"; value: number } | { kind: "count"; value: number };

export type PartitionField =
  | { transform: "day" | "month" | "year" | "hour" | "identity"; column: string; name: string }
  | { transform: "bucket" | "truncate"; width: number; column: string; name: string };

export type Comparison =
  | "mustBe"
  | "mustNotBe"
  | "mustBeGreaterThan"
  | "mustBeGreaterOrEqualTo"
  | "mustBeLessThan"
  | "mustBeLessOrEqualTo"
  | "mustBeBetween"
  | "mustNotBeBetween";

export interface QualityRule {
  name: string;
  kind: "library" | "sql";
  /** Library metric (rowCount, nullValues, missingValues, invalidValues, duplicateValues), null for sql. */
  metric: string | null;
  /** Column of the metric; null = the table. */
  column: string | null;
  arguments: Record<string, unknown>;
  /** SQL with `${table}`, the only name that is still to be put in; null for library. */
  query: string | null;
  comparison: Comparison;
  /** One number, or two for a range. */
  expected: number[];
  unit: "rows" | "percent";
  severity: "error" | "warning";
}

export interface Reference {
  name: string;
  columns: string[];
  table: string;
  to: string[];
  severity: "error" | "warning";
}

/** A type as Iceberg's JSON spells it: a name, or a nested type whose fields have ids. */
export type IcebergType =
  | string
  | { type: "struct"; fields: IcebergField[] }
  | { type: "list"; "element-id": number; element: IcebergType; "element-required": boolean }
  | {
      type: "map";
      "key-id": number;
      key: IcebergType;
      "value-id": number;
      value: IcebergType;
      "value-required": boolean;
    };

export interface IcebergField {
  id: number;
  name: string;
  required: boolean;
  type: IcebergType;
}

export interface CompiledContract {
  /** ODCS id and version. */
  id: string;
  version: string;
  domain: string;
  dataset: string;
  /** `<domain>.<dataset>_v<major>`. */
  table: string;
  /** Path of the YAML, relative to the checkout. */
  source: string;
  /** sha256 (hex) of what decides how a file of this dataset is treated: contract, its job, the pipeline. */
  fingerprint: string;
  /** The first of `formats`. */
  format: Format;
  /** What a file may be: at most one text format (csv, jsonl, json); the others are told by the bytes they begin with. */
  formats: Format[];
  dialect: Dialect;
  /** `auto`: each file is what the bytes it begins with say. */
  compression: "none" | "gzip" | "zstd" | "zip" | "auto";
  mode: "append" | "upsert" | "replace" | "replace-partitions";
  /** Columns that order the versions of a key, most significant first; then comes the order of arrival. */
  order: string[];
  tombstone: { column: string; values: string[] } | null;
  redelivery: "ignore" | "apply";
  partition: PartitionField[];
  errorThreshold: Threshold;
  uniqueScope: "table" | "file";
  limits: Limits;
  /** Tables that this one is computed from, as `sales.transactions_v1`; empty: it is filled by files. */
  derives: string[];
  columns: Column[];
  quality: QualityRule[];
  /** Values that must be in another table: foreign keys of the contract's relationships. */
  references: Reference[];
  /** Age that the newest value of a column may have; null: not promised. */
  freshness: { column: string; seconds: number } | null;
  owner: string | null;
  /** What the table is created with, in the REST catalog's own spelling. */
  iceberg: {
    schema: {
      type: "struct";
      "schema-id": 0;
      fields: IcebergField[];
    };
    spec: {
      "spec-id": 0;
      fields: { "source-id": number; "field-id": number; name: string; transform: string }[];
    };
    properties: Record<string, string>;
  };
}

/** `contracts.json` of a release. */
export interface ReleaseManifest {
  schema: "gridata.release/1";
  release: string;
  contracts: CompiledContract[];
}
