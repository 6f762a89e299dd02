/** What the service levels promise of the age of the newest value. */
import type { Column, CompiledContract } from "../model/contract.ts";
import {
  columnOf,
  didYouMean,
  isMembers,
  list,
  textOf,
  type Members,
  type Path,
  type Reader,
} from "./reader.ts";

const units: Record<string, number> = {
  ...{ s: 1, sec: 1, second: 1, seconds: 1, m: 60, min: 60, minute: 60, minutes: 60 },
  ...{ h: 3600, hour: 3600, hours: 3600, d: 86_400, day: 86_400, days: 86_400 },
  ...{ w: 604_800, week: 604_800, weeks: 604_800 },
};

export function readFreshness(
  reader: Reader,
  root: Members,
  columns: readonly Column[],
): CompiledContract["freshness"] {
  const entries = list(root["slaProperties"]);
  const i = entries.findIndex((one) => isMembers(one) && one["property"] === "freshness");
  const given = entries[i];
  if (!isMembers(given)) return null;
  const path: Path = ["slaProperties", i];
  const fail = (at: Path, what: string, fix: string) =>
    reader.fail(at, "CONTRACT_FRESHNESS", what, fix);
  const element = textOf(given["element"] ?? root["slaDefaultElement"]);
  if (element === null)
    return fail(path, "it does not say of which column", "add element: table.column");
  const name = element.split(".").at(-1)!;
  const column = columnOf(reader, [...path, "element"], "CONTRACT_FRESHNESS", name, columns);
  if (!column) return null;
  if (!/^(date|timestamp)/.test(column.type.kind))
    return fail(
      [...path, "element"],
      `${name} is no date and no time`,
      "name a column of dates or times",
    );
  const amount = Number(given["value"]);
  if (!(amount > 0))
    return fail(
      [...path, "value"],
      `'${textOf(given["value"]) ?? ""}' is no age`,
      "write a number",
    );
  const unit = textOf(given["unit"]) ?? "d";
  const seconds = units[unit.toLowerCase()];
  if (seconds === undefined)
    return fail(
      [...path, "unit"],
      `'${unit}' is no unit of time`,
      didYouMean(unit, Object.keys(units)) ?? "write s, min, h, d or w",
    );
  return { column: name, seconds: Math.round(amount * seconds) };
}
