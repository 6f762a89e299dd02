/** How the rows of a file become rows of the table: mode, key, order, tombstones, and what the same file again means. */
import type { Column, CompiledContract, PartitionField } from "../model/contract.ts";
import { literalProblem } from "./literals.ts";
import { columnOf, isMembers, type Path, type Reader } from "./reader.ts";
import { textsOf, type Settings } from "./settings.ts";
import { isNested, spellType } from "./types.ts";

type Merge = Pick<CompiledContract, "mode" | "order" | "tombstone" | "redelivery" | "uniqueScope">;

export function readMerge(
  reader: Reader,
  settings: Settings,
  columns: readonly Column[],
  partition: readonly PartitionField[],
): Merge {
  const mode = settings.word(
    "mode",
    ["append", "upsert", "replace", "replace-partitions"],
    "append",
  );
  const key = columns.filter((column) => column.key > 0);
  const fail = (path: Path, what: string, fix: string) =>
    reader.fail(path, "CONTRACT_MODE", what, fix);
  if (mode === "upsert" && key.length === 0)
    fail(
      settings.path("mode"),
      "an upsert needs a key to find the row that it changes",
      "mark the columns of the key with primaryKey: true",
    );
  if (mode === "replace-partitions") wholePartitions(settings, columns, partition, fail);
  for (const name of ["order", "tombstone"] as const)
    if (settings.has(name) && mode !== "upsert")
      fail(
        settings.path(name),
        `'${name}' means nothing in mode ${mode}`,
        "leave it out, or use mode upsert",
      );
  const redelivery = settings.word(
    "redelivery",
    ["ignore", "apply"],
    mode === "append" ? "ignore" : "apply",
  );
  const uniqueScope = settings.word("uniqueScope", ["table", "file"], "table");
  if (
    redelivery === "apply" &&
    mode === "append" &&
    uniqueScope === "table" &&
    columns.some((column) => column.key > 0 || column.unique)
  )
    fail(
      settings.path("redelivery"),
      "the same file again would repeat values that must be unique",
      "write redelivery: ignore, or uniqueScope: file",
    );
  return {
    ...{ mode, redelivery, uniqueScope },
    order: readOrder(reader, settings, columns),
    tombstone: readTombstone(reader, settings, columns),
  };
}

/** A file replaces the partitions that it has rows of: each row must be in one that the file can be the whole of. */
function wholePartitions(
  settings: Settings,
  columns: readonly Column[],
  partition: readonly PartitionField[],
  fail: (path: Path, what: string, fix: string) => null,
): void {
  const whole = partition.filter(
    ({ transform }) => transform !== "bucket" && transform !== "truncate",
  );
  if (whole.length === 0)
    fail(
      settings.path("mode"),
      "no partition can be replaced: none is by a value or a time",
      "partition by day(column) as dt, month(column) or a column",
    );
  for (const field of whole)
    if (!columns.find(({ name }) => name === field.column)!.required)
      fail(
        settings.path("partition"),
        `${field.column} may be NULL, and NULL is no partition that a file is the whole of`,
        `write required: true for ${field.column}`,
      );
}

function readOrder(reader: Reader, settings: Settings, columns: readonly Column[]): string[] {
  const path = settings.path("order");
  const several = Array.isArray(settings.value("order"));
  const names = textsOf(settings.value("order"));
  names.forEach((name, i) => {
    const at = several ? [...path, i] : path;
    const column = columnOf(reader, at, "CONTRACT_MODE", name, columns);
    if (column && isNested(column.type))
      reader.fail(
        at,
        "CONTRACT_MODE",
        `${name} is a ${spellType(column.type)}: its values have no order`,
        "order by a time or a number",
      );
    if (names.indexOf(name) !== i)
      reader.fail(at, "CONTRACT_MODE", `'${name}' orders twice`, "remove one");
  });
  return names;
}

function readTombstone(
  reader: Reader,
  settings: Settings,
  columns: readonly Column[],
): Merge["tombstone"] {
  const given = settings.value("tombstone");
  const path = settings.path("tombstone");
  if (given === undefined || given === null) return null;
  if (!isMembers(given) || typeof given["column"] !== "string" || given["values"] === undefined)
    return reader.fail(
      path,
      "CONTRACT_MODE",
      "a tombstone is a column and the values of it that delete a row",
      "write { column: op, values: [D] }",
    );
  reader.noOthers(path, given, ["column", "values"]);
  const column = columnOf(reader, [...path, "column"], "CONTRACT_MODE", given["column"], columns);
  const values = textsOf(given["values"]);
  if (!column) return null;
  for (const value of values) {
    const problem =
      literalProblem(column.type, value) ??
      (column.enum && !column.enum.includes(value) ? "it is not in the column's enum" : null);
    if (problem)
      reader.fail(
        [...path, "values"],
        "CONTRACT_MODE",
        `'${value}' is no value of ${column.name}: ${problem}`,
        "name values that the column can have",
      );
  }
  if (column.key > 0)
    reader.fail(
      [...path, "column"],
      "CONTRACT_MODE",
      `${column.name} is part of the key: a row with another value of it is another row`,
      "use a column outside of the key",
    );
  return { column: column.name, values };
}
