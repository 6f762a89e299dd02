/** What a table is created with: bodies of the REST catalog's create request. */
import type {
  Column,
  ColumnType,
  CompiledContract,
  IcebergType,
  PartitionField,
} from "../model/contract.ts";

/** `nextId` numbers the fields of nested types: Iceberg knows every field by its id. */
function icebergType(type: ColumnType, nextId: () => number): IcebergType {
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

type IcebergTable = CompiledContract["iceberg"];

/** Columns that the kit adds to every row: where it came from. */
const lineageColumns = [
  { name: "_file_id", type: "string" },
  { name: "_delivery_id", type: "string" },
  { name: "_row", type: "long" },
] as const;

/**
 * What the rows of an upsert are compared by after their order columns, and whole partitions by: milliseconds of the arrival with 15 digits, "/", delivery id.
 * As text it sorts in the order of arrival.
 */
const comparesArrivals: readonly CompiledContract["mode"][] = ["upsert", "replace-partitions"];
const arrivalColumn = { name: "_arrival", type: "string" } as const;

export function icebergTable(
  columns: readonly Column[],
  partition: readonly PartitionField[],
  mode: CompiledContract["mode"],
): IcebergTable {
  const own = [...lineageColumns, ...(comparesArrivals.includes(mode) ? [arrivalColumn] : [])];
  // Columns are numbered first, then what is nested in them.
  let last = columns.length + own.length;
  const nextId = () => ++last;
  const fields = [
    ...columns.map(({ name, type }) => ({ name, type: icebergType(type, nextId) })),
    ...own,
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
