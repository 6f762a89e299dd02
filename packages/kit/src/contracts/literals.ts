/** Whether a text in a contract (a bound, a value of an enum or of a tombstone) is a value of a column's type. */
import type { ColumnType } from "../model/contract.ts";

const integer = /^[+-]?\d+$/;
const decimal = /^[+-]?(\d+)(?:\.(\d*))?$/;
const float = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const date = /^(\d{4})-(\d{2})-(\d{2})$/;
const time = /^\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?$/;
const zone = /(?:Z|[+-]\d{2}:\d{2})$/;

/** What is wrong with the text as a value of the type; null when nothing is. */
export function literalProblem(type: ColumnType, text: string): string | null {
  switch (type.kind) {
    case "string":
      return null;
    case "boolean":
      return text === "true" || text === "false" ? null : "it is neither true nor false";
    case "int":
    case "long":
      return integerProblem(text, type.kind === "int" ? 32n : 64n);
    case "float":
    case "double":
      return float.test(text) ? null : "it is not a number";
    case "decimal":
      return decimalProblem(text, type.precision, type.scale);
    case "date":
      return isDate(text) ? null : "it is not a date such as 2026-01-31";
    case "timestamp":
    case "timestamptz":
      return isTimestamp(text, type.kind === "timestamptz")
        ? null
        : `it is not a time such as 2026-01-31T12:00:00${type.kind === "timestamptz" ? "Z" : ""}`;
    default:
      return "a nested type has no such values";
  }
}

function integerProblem(text: string, bits: bigint): string | null {
  if (!integer.test(text)) return "it is not a whole number";
  const value = BigInt(text.replace(/^\+/, ""));
  return BigInt.asIntN(Number(bits), value) === value ? null : `it does not fit into ${bits} bits`;
}

function decimalProblem(text: string, precision: number, scale: number): string | null {
  const found = decimal.exec(text);
  if (!found) return "it is not a decimal number in plain digits";
  const whole = found[1]!.replace(/^0+/, "").length;
  const fraction = (found[2] ?? "").replace(/0+$/, "").length;
  return whole <= precision - scale && fraction <= scale
    ? null
    : `it has more digits than decimal(${precision},${scale})`;
}

function isDate(text: string): boolean {
  const found = date.exec(text);
  if (!found) return false;
  const [year, month, day] = found.slice(1).map(Number);
  const parsed = new Date(Date.UTC(year!, month! - 1, day!));
  return parsed.getUTCMonth() === month! - 1 && parsed.getUTCDate() === day!;
}

function isTimestamp(text: string, zoned: boolean): boolean {
  const [day, clock, ...rest] = text.split(/[T ]/);
  if (!isDate(day!) || rest.length > 0) return false;
  if (clock === undefined) return true;
  const bare = zoned ? clock.replace(zone, "") : clock;
  return time.test(bare) && !Number.isNaN(Date.parse(`${day}T${bare}Z`));
}

/** Compares two texts that are values of the type. */
export function compareLiterals(type: ColumnType, a: string, b: string): number {
  switch (type.kind) {
    case "int":
    case "long":
    case "decimal":
      return Number(scaled(a) - scaled(b));
    case "date":
    case "timestamp":
    case "timestamptz":
      return instant(a) - instant(b);
    default:
      return Number(a) - Number(b);
  }
}

const instant = (text: string) => {
  const form = text.replace(" ", "T");
  return Date.parse(form.includes("T") && !zone.test(form) ? `${form}Z` : form);
};

/** A plain number times 10^38, so that none of its digits is lost. */
function scaled(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replace(/^[+-]/, "").split(".");
  const value = BigInt(whole + fraction.padEnd(38, "0"));
  return text.startsWith("-") ? -value : value;
}
