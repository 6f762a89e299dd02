/** What the values of a column are held to. */
import { RE2JS } from "re2js";
import type { Column, ColumnType } from "../model/contract.ts";
import { patternProblem } from "./dates.ts";
import { compareLiterals, literalProblem } from "./literals.ts";
import { isMembers, list, textOf, type Members, type Path, type Reader } from "./reader.ts";
import { isNested, lengthOfType, spellType } from "./types.ts";

type Bounds = Pick<Column, "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum">;
type Lengths = Pick<Column, "minLength" | "maxLength">;
type Constraints = Bounds & Lengths & Pick<Column, "pattern" | "enum" | "format">;

/** Options of the standard that nothing here holds a value to. */
const unenforced = [
  ...["multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"],
  "requiredProperties",
];

export function readConstraints(
  reader: Reader,
  path: Path,
  property: Members,
  type: ColumnType,
): Constraints {
  const options = isMembers(property["logicalTypeOptions"]) ? property["logicalTypeOptions"] : {};
  const at = [...path, "logicalTypeOptions"];
  for (const name of unenforced.filter((one) => options[one] !== undefined))
    reader.fail(
      [...at, name],
      "CONTRACT_NOT_ENFORCED",
      `nothing holds a value to '${name}'`,
      "leave it out, or check it with a quality rule of type sql",
    );
  const zone = textOf(options["defaultTimezone"]);
  if (zone !== null && !["UTC", "Etc/UTC"].includes(zone))
    reader.fail(
      [...at, "defaultTimezone"],
      "CONTRACT_NOT_ENFORCED",
      `times without a zone are not taken for times of ${zone}`,
      "write timezone: false, and make instants of them in the dataset's job",
    );
  return {
    pattern: pattern(reader, [...at, "pattern"], textOf(options["pattern"]), type),
    enum: values(reader, [...path, "enum"], property["enum"], type),
    ...bounds(reader, at, options, type),
    ...lengths(reader, path, property, options, type),
    format: dateFormat(reader, [...at, "format"], textOf(options["format"]), type),
  };
}

function pattern(reader: Reader, path: Path, text: string | null, type: ColumnType): string | null {
  if (text === null) return null;
  if (type.kind !== "string")
    return reader.fail(
      path,
      "CONTRACT_CONSTRAINT",
      `a ${spellType(type)} has no pattern`,
      "use minimum, maximum, enum or format",
    );
  try {
    RE2JS.compile(text);
    return text;
  } catch (error) {
    return reader.fail(
      path,
      "CONTRACT_PATTERN",
      `'${text}' is not a pattern: ${(error as Error).message.replace("error parsing regexp: ", "")}`,
      "write it in RE2 syntax: no look-around, no back references, at most 1000 repetitions",
    );
  }
}

function values(reader: Reader, path: Path, given: unknown, type: ColumnType): string[] | null {
  const found = list(given).flatMap((entry, i): string[] => {
    const at = isMembers(entry) ? [...path, i, "value"] : [...path, i];
    const text = reader.spelled(at, isMembers(entry) ? entry["value"] : entry) ?? "";
    const problem = literalProblem(type, text);
    if (problem === null) return [text];
    reader.fail(
      at,
      "CONTRACT_CONSTRAINT",
      `'${text}' is no value of ${spellType(type)}: ${problem}`,
      "write values of the column's type",
    );
    return [];
  });
  const twice = found.findIndex((text, i) => found.indexOf(text) !== i);
  if (twice >= 0)
    reader.fail(
      [...path, twice],
      "CONTRACT_CONSTRAINT",
      `'${found[twice]}' is there twice`,
      "remove one",
    );
  return found.length > 0 ? found : null;
}

const lower = ["minimum", "exclusiveMinimum"] as const;
const upper = ["maximum", "exclusiveMaximum"] as const;

function bounds(reader: Reader, at: Path, options: Members, type: ColumnType): Bounds {
  const bound = (name: keyof Bounds): string | null => {
    if (options[name] === undefined) return null;
    const text = reader.spelled([...at, name], options[name]) ?? "";
    const problem = ["string", "boolean"].includes(type.kind)
      ? `a ${type.kind} has no bounds`
      : literalProblem(type, text);
    if (problem === null) return text;
    return reader.fail(
      [...at, name],
      "CONTRACT_CONSTRAINT",
      `'${text}' is no bound of ${spellType(type)}: ${problem}`,
      "write a value of the column's type",
    );
  };
  const found: Bounds = {
    ...{ minimum: bound("minimum"), maximum: bound("maximum") },
    exclusiveMinimum: bound("exclusiveMinimum"),
    exclusiveMaximum: bound("exclusiveMaximum"),
  };
  for (const low of lower)
    for (const high of upper) {
      const [from, to] = [found[low], found[high]];
      if (from === null || to === null) continue;
      const order = compareLiterals(type, from, to);
      const exclusive = low !== "minimum" || high !== "maximum";
      if (order > 0 || (order === 0 && exclusive))
        reader.fail(
          [...at, high],
          "CONTRACT_CONSTRAINT",
          `no value is between ${low} ${from} and ${high} ${to}`,
          "swap them, or widen the range",
        );
    }
  return found;
}

function lengths(
  reader: Reader,
  path: Path,
  property: Members,
  options: Members,
  type: ColumnType,
): Lengths {
  const at = [...path, "logicalTypeOptions"];
  const length = (name: keyof Lengths): number | null => {
    const value = options[name];
    if (value === undefined) return null;
    if (type.kind === "string" && Number.isInteger(value) && Number(value) >= 0)
      return Number(value);
    reader.fail(
      [...at, name],
      "CONTRACT_CONSTRAINT",
      type.kind === "string"
        ? `'${textOf(value) ?? ""}' is not a length`
        : `a ${spellType(type)} has no length`,
      "a string may have minLength and maxLength, in characters",
    );
    return null;
  };
  const minLength = length("minLength");
  const maxLength = length("maxLength") ?? lengthOfType(textOf(property["physicalType"]) ?? "");
  if (minLength !== null && maxLength !== null && minLength > maxLength)
    reader.fail(
      at,
      "CONTRACT_CONSTRAINT",
      `no text has ${minLength} characters or more and ${maxLength} or fewer`,
      "swap them",
    );
  return { minLength, maxLength };
}

function dateFormat(
  reader: Reader,
  path: Path,
  text: string | null,
  type: ColumnType,
): string | null {
  const { kind } = type;
  if (text === null || isNested(type)) return null;
  // Of other types it says the width, or is a hint for people.
  if (kind !== "date" && kind !== "timestamp" && kind !== "timestamptz") return null;
  const problem = patternProblem(text, kind);
  if (problem === null) return text;
  return reader.fail(
    path,
    "CONTRACT_DATE_FORMAT",
    `'${text}' can't be read as ${kind}: ${problem}`,
    "write it as dd.MM.yyyy or yyyy-MM-dd'T'HH:mm:ssXXX; none = ISO 8601",
  );
}
