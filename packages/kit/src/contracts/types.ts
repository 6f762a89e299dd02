/** Column types: how a contract spells them, how Iceberg does. */
import type {
  Column,
  ColumnType,
  CompiledContract,
  IcebergType,
  PartitionField,
} from "../model/contract.ts";

type Plain = Exclude<ColumnType, { kind: "decimal" | "struct" | "list" | "map" }>["kind"];

const named: Record<string, Plain> = {
  string: "string",
  text: "string",
  varchar: "string",
  boolean: "boolean",
  int: "int",
  integer: "int",
  bigint: "long",
  long: "long",
  float: "float",
  real: "float",
  double: "double",
  date: "date",
  timestamp: "timestamp",
  timestamptz: "timestamptz",
};

export const physicalTypes = [...Object.keys(named), "decimal(p,s)"];

/** `decimal(12,2)`, `bigint`, ... ; null when it is none. */
export function parsePhysicalType(text: string): ColumnType | null {
  const decimal = /^(?:decimal|numeric)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$/i.exec(text);
  if (decimal) {
    const precision = Number(decimal[1]);
    const scale = Number(decimal[2] ?? 0);
    return precision >= 1 && precision <= 38 && scale <= precision
      ? { kind: "decimal", precision, scale }
      : null;
  }
  const kind = named[text.toLowerCase().replace(/\(\d+\)$/, "")];
  return kind ? { kind } : null;
}

const logical: Record<string, ColumnType> = {
  string: { kind: "string" },
  boolean: { kind: "boolean" },
  integer: { kind: "long" },
  number: { kind: "double" },
  date: { kind: "date" },
  timestamp: { kind: "timestamptz" },
};

export const logicalTypes = Object.keys(logical);
export const typeOfLogical = (name: string): ColumnType | null => logical[name] ?? null;

/** `nextId` numbers the fields of nested types: Iceberg knows every field by its id. */
export function icebergType(type: ColumnType, nextId: () => number): IcebergType {
  switch (type.kind) {
    case "decimal":
      return `decimal(${type.precision}, ${type.scale})`;
    case "struct":
      return {
        type: "struct",
        fields: type.fields.map((field) => ({
          ...{ id: nextId(), name: field.name, required: false },
          type: icebergType(field.type, nextId),
        })),
      };
    case "list":
      return {
        ...{ type: "list", "element-id": nextId(), "element-required": false },
        element: icebergType(type.element, nextId),
      };
    case "map":
      return {
        ...{ type: "map", "key-id": nextId(), key: icebergType(type.key, nextId) },
        ...{ "value-id": nextId(), value: icebergType(type.value, nextId) },
        "value-required": false,
      };
    default:
      return type.kind;
  }
}

export type IcebergTable = CompiledContract["iceberg"];

/** Columns that the kit adds to every row: where it came from. */
export const lineageColumns = [
  { name: "_file_id", type: "string" },
  { name: "_delivery_id", type: "string" },
  { name: "_row", type: "long" },
] as const;

/** What the table is created with: bodies of the REST catalog's create request. */
export function icebergTable(
  columns: readonly Column[],
  partition: readonly PartitionField[],
): IcebergTable {
  // Columns are numbered first, then what is nested in them.
  let last = columns.length + lineageColumns.length;
  const nextId = () => ++last;
  const fields = [
    ...columns.map(({ name, type }) => ({ name, type: icebergType(type, nextId) })),
    ...lineageColumns,
  ].map(({ name, type }, index) => ({ id: index + 1, name, required: false, type }));
  return {
    schema: { type: "struct", "schema-id": 0, fields },
    spec: {
      "spec-id": 0,
      fields: partition.map((field, index) => ({
        "source-id": fields.find(({ name }) => name === field.column)!.id,
        "field-id": 1000 + index,
        name: field.name,
        transform:
          field.transform === "bucket" || field.transform === "truncate"
            ? `${field.transform}[${field.width}]`
            : field.transform,
      })),
    },
    properties: {
      "format-version": "2",
      "write.parquet.compression-codec": "zstd",
      // A batch is written in one go: a file for each partition value, not for each task.
      "write.distribution-mode": "hash",
      "write.metadata.delete-after-commit.enabled": "true",
      "write.metadata.previous-versions-max": "50",
    },
  };
}
