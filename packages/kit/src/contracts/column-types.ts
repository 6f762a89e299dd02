/** The type of a column or of a part of it, from ODCS: logical and physical type, `properties`, `items`, `map`. */
import type { ColumnType, NestedField } from "../model/contract.ts";
import { parseType } from "./nested.ts";
import {
  didYouMean,
  isMembers,
  list,
  textOf,
  type Members,
  type Path,
  type Reader,
} from "./reader.ts";
import { isNested, logicalTypes, physicalTypes, spellType } from "./types.ts";

/** What a part of a nested value can't be held to: nothing would look at it. */
const unenforced = ["unique", "primaryKey", "enum", "quality", "relationships"];
const unenforcedOptions = [
  ...["pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  ...["minLength", "maxLength"],
];

export const columnName = /^[A-Za-z][A-Za-z0-9_]{0,127}$/;

export function readType(reader: Reader, path: Path, property: Members): ColumnType | null {
  const logical = textOf(property["logicalType"]);
  const physical = textOf(property["physicalType"]);
  if (logical === null)
    return reader.fail(
      path,
      "CONTRACT_TYPE_MISSING",
      `no logicalType is said`,
      `add logicalType: one of ${Object.keys(logicalTypes).join(", ")}`,
    );
  const kinds = logicalTypes[logical];
  if (!kinds)
    return reader.fail(
      [...path, "logicalType"],
      "CONTRACT_TYPE_UNKNOWN",
      `'${logical}' is not a type of the kit`,
      unknownFix[logical] ??
        didYouMean(logical, Object.keys(logicalTypes)) ??
        `known are ${Object.keys(logicalTypes).join(", ")}`,
    );
  const given = physical === null ? null : parseType(physical);
  const nested = nestedType(reader, path, property, logical, given);
  if (nested === "bad") return null;
  if (
    physical !== null &&
    !given &&
    !(nested && /^(struct|object|array|list|map)$/i.test(physical))
  )
    return reader.fail(
      [...path, "physicalType"],
      "CONTRACT_TYPE_UNKNOWN",
      `'${physical}' is not a type`,
      didYouMean(physical, physicalTypes) ?? `known are ${physicalTypes.join(", ")}`,
    );
  const type = nested ?? given ?? byOptions(reader, path, property, kinds[0]!);
  if (type && !kinds.includes(type.kind))
    return reader.fail(
      [...path, "physicalType"],
      "CONTRACT_TYPE_MISMATCH",
      `it is said to be ${logical} and ${spellType(type)}`,
      `${logical} is ${kinds.join(" or ")}`,
    );
  return type;
}

const unknownFix: Record<string, string> = {
  time: "no engine of the kit keeps a time of day in a table: use string with a pattern",
  vector: "use array with items of logicalType number, physicalType float",
};

/** Null when the property is not nested, or says so in its physical type only. */
function nestedType(
  reader: Reader,
  path: Path,
  property: Members,
  logical: string,
  given: ColumnType | null,
): ColumnType | null | "bad" {
  const { properties, items, map } = property;
  if (logical === "object" && properties !== undefined) return struct(reader, path, properties);
  if (logical === "array" && isMembers(items)) {
    const element = part(reader, [...path, "items"], items);
    return element ? { kind: "list", element } : "bad";
  }
  if (logical === "map" && isMembers(map)) {
    const [key, value] = (["key", "value"] as const).map((name) =>
      isMembers(map[name]) ? part(reader, [...path, "map", name], map[name]) : null,
    );
    if (!key || !value) return "bad";
    if (!isNested(key)) return { kind: "map", key, value };
    reader.fail(
      [...path, "map", "key"],
      "CONTRACT_TYPE_MISMATCH",
      "the key of a map is nested",
      "use a plain type",
    );
    return "bad";
  }
  if (!["object", "array", "map"].includes(logical) || (given && isNested(given))) return null;
  reader.fail(
    path,
    "CONTRACT_TYPE_MISSING",
    `what is in the ${logical} is not said`,
    { object: "add properties", array: "add items", map: "add map: { key, value }" }[logical]!,
  );
  return "bad";
}

function struct(reader: Reader, path: Path, properties: unknown): ColumnType | "bad" {
  const seen = new Set<string>();
  const fields = list(properties).flatMap((property, i): NestedField[] => {
    const at = [...path, "properties", i];
    if (!isMembers(property)) return [];
    const name = textOf(property["name"]) ?? "";
    if (!columnName.test(name) || seen.has(name.toLowerCase()))
      reader.fail(
        [...at, "name"],
        "CONTRACT_COLUMN",
        seen.has(name.toLowerCase())
          ? `the field '${name}' is there twice`
          : `'${name}' can't be the name of a field`,
        "letters, digits and _, a letter first; its name in the file goes into physicalName",
      );
    seen.add(name.toLowerCase());
    const type = part(reader, at, property);
    return type
      ? [
          {
            ...{ name, source: textOf(property["physicalName"]) ?? name, type },
            required: property["required"] === true,
            classification: textOf(property["classification"]),
          },
        ]
      : [];
  });
  if (fields.length === 0 && list(properties).length === 0)
    reader.fail(path, "CONTRACT_TYPE_MISSING", "the object has no fields", "add properties");
  return fields.length > 0 && fields.length === list(properties).length
    ? { kind: "struct", fields }
    : "bad";
}

/** The type of something inside of a column. */
function part(reader: Reader, path: Path, property: Members): ColumnType | null {
  const options = isMembers(property["logicalTypeOptions"]) ? property["logicalTypeOptions"] : {};
  const named: [Path, string][] = [
    ...unenforced
      .filter((name) => property[name])
      .map((name): [Path, string] => [[...path, name], name]),
    ...unenforcedOptions
      .filter((name) => options[name] !== undefined)
      .map((name): [Path, string] => [[...path, "logicalTypeOptions", name], name]),
  ];
  for (const [at, name] of named)
    reader.fail(
      at,
      "CONTRACT_NOT_ENFORCED",
      `nothing holds a value inside of a column to '${name}'`,
      "leave it out, or check it with a quality rule of type sql",
    );
  return readType(reader, path, property);
}

/** What `logicalTypeOptions` say of the width when no physical type does. */
function byOptions(
  reader: Reader,
  path: Path,
  property: Members,
  first: ColumnType["kind"],
): ColumnType | null {
  const options = isMembers(property["logicalTypeOptions"]) ? property["logicalTypeOptions"] : {};
  const format = textOf(options["format"]);
  if (first === "timestamptz") return { kind: options["timezone"] === false ? "timestamp" : first };
  if (first === "long" && format !== null) {
    if (["i8", "u8", "i16", "u16", "i32"].includes(format)) return { kind: "int" };
    if (["u32", "i64"].includes(format)) return { kind: "long" };
    return reader.fail(
      [...path, "logicalTypeOptions", "format"],
      "CONTRACT_TYPE_UNKNOWN",
      `a table has no whole numbers of ${format}`,
      "use physicalType decimal(38,0)",
    );
  }
  if (first === "double") return { kind: format === "f32" ? "float" : "double" };
  return { kind: first } as ColumnType;
}
