/** How a contract spells the types that are not nested. */
import type { ColumnType } from "../model/contract.ts";

type Plain = Exclude<ColumnType, { kind: "decimal" | "struct" | "list" | "map" }>["kind"];

const named: Record<string, Plain> = {
  ...{ string: "string", text: "string", varchar: "string", char: "string" },
  ...{ boolean: "boolean", bool: "boolean" },
  ...{ tinyint: "int", smallint: "int", int: "int", integer: "int" },
  ...{ bigint: "long", long: "long" },
  ...{ float: "float", real: "float", double: "double" },
  ...{ date: "date", timestamp: "timestamp", timestamp_ntz: "timestamp" },
  ...{ timestamptz: "timestamptz", timestamp_ltz: "timestamptz" },
};

export const physicalTypes = [
  ...Object.keys(named),
  ...["decimal(p,s)", "array<type>", "map<type,type>", "struct<name:type>"],
];

/** `decimal(12,2)`, `bigint`, `varchar(20)`, ... ; null when it is none. */
export function parsePlainType(text: string): ColumnType | null {
  const found = /^(?:decimal|numeric)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$/i.exec(text);
  if (found) {
    const [precision, scale] = [Number(found[1]), Number(found[2] ?? 0)];
    return precision >= 1 && precision <= 38 && scale <= precision
      ? { kind: "decimal", precision, scale }
      : null;
  }
  const kind = named[text.toLowerCase().replace(/^((?:var)?char)\s*\(\d+\)$/, "$1")];
  return kind ? { kind } : null;
}

/** The n of `varchar(n)`. */
export function lengthOfType(text: string): number | null {
  const found = /^(?:var)?char\s*\((\d+)\)$/i.exec(text);
  return found ? Number(found[1]) : null;
}

/** Which types each logical type may be physically, the first one when nothing is said. */
export const logicalTypes: Record<string, readonly ColumnType["kind"][]> = {
  string: ["string"],
  boolean: ["boolean"],
  integer: ["long", "int", "decimal"],
  number: ["double", "float", "decimal", "int", "long"],
  date: ["date"],
  timestamp: ["timestamptz", "timestamp"],
  object: ["struct", "map"],
  array: ["list"],
  map: ["map"],
};

/** The type as a contract would spell it. */
export function spellType(type: ColumnType): string {
  switch (type.kind) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "struct":
      return `struct<${type.fields.map((field) => `${field.name}:${spellType(field.type)}`).join(",")}>`;
    case "list":
      return `array<${spellType(type.element)}>`;
    case "map":
      return `map<${spellType(type.key)},${spellType(type.value)}>`;
    case "long":
      return "bigint";
    default:
      return type.kind;
  }
}

export const isNested = ({ kind }: ColumnType): boolean =>
  kind === "struct" || kind === "list" || kind === "map";
