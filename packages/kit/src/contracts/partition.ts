/** How a table is split into partitions. */
import type { Column, ColumnType, PartitionField } from "../model/contract.ts";
import { columnOf, type Path, type Reader } from "./reader.ts";
import { textsOf, type Settings } from "./settings.ts";
import { spellType } from "./types.ts";

type Kind = ColumnType["kind"];
const days: Kind[] = ["date", "timestamp", "timestamptz"];
const plain: Kind[] = ["int", "long", "decimal", "string"];
/** Types that Iceberg lets each transform work on. */
const fitting: Record<PartitionField["transform"], Kind[]> = {
  ...{ day: days, month: days, year: days, hour: ["timestamp", "timestamptz"] },
  ...{ bucket: [...plain, ...days], truncate: plain, identity: [...plain, ...days, "boolean"] },
};

const form =
  /^(?:(day|month|year|hour)\s*\(\s*(\w+)\s*\)|(bucket|truncate)\s*\(\s*(\d+)\s*,\s*(\w+)\s*\)|(\w+))(?:\s+as\s+(\w+))?$/;

export function readPartition(
  reader: Reader,
  settings: Settings,
  columns: readonly Column[],
): PartitionField[] {
  const base = settings.path("partition");
  const several = Array.isArray(settings.value("partition"));
  const fields: PartitionField[] = [];
  textsOf(settings.value("partition")).forEach((text, i) => {
    const path = several ? [...base, i] : base;
    const field = readField(reader, path, text.trim(), columns);
    if (!field) return;
    const problem = clash(field, fields, columns);
    if (problem)
      reader.fail(path, "CONTRACT_PARTITION", problem, "rename it (… as name), or remove it");
    fields.push(field);
  });
  return fields;
}

function readField(
  reader: Reader,
  path: Path,
  text: string,
  columns: readonly Column[],
): PartitionField | null {
  const found = form.exec(text);
  if (!found)
    return reader.fail(
      path,
      "CONTRACT_PARTITION",
      `'${text}' is not a partition`,
      "write day(column) as dt, bucket(8, column) or column",
    );
  const [, time, ofTime, sized, width, ofSized, same, alias] = found;
  const name = (ofTime ?? ofSized ?? same)!;
  const column = columnOf(reader, path, "CONTRACT_PARTITION", name, columns);
  if (!column) return null;
  const transform = (time ?? sized ?? "identity") as PartitionField["transform"];
  if (!fitting[transform].includes(column.type.kind))
    return reader.fail(
      path,
      "CONTRACT_PARTITION",
      `${transform} does not work on ${name}, a ${spellType(column.type)}`,
      `it works on ${fitting[transform].map((kind) => (kind === "long" ? "bigint" : kind)).join(", ")}`,
    );
  if (transform === "identity") {
    if (alias !== undefined && alias !== name)
      return reader.fail(
        path,
        "CONTRACT_PARTITION",
        `a partition by the column itself is called '${name}'`,
        `write ${name}`,
      );
    return { transform, column: name, name };
  }
  if (transform === "bucket" || transform === "truncate") {
    if (Number(width) >= 1 && Number(width) <= 10_000)
      return {
        transform,
        width: Number(width),
        column: name,
        name: alias ?? `${name}_${transform}`,
      };
    return reader.fail(
      path,
      "CONTRACT_PARTITION",
      `${width} is no width of ${transform}`,
      "write 1 to 10000",
    );
  }
  return { transform, column: name, name: alias ?? `${name}_${transform}` };
}

const times = ["day", "month", "year", "hour"];

/** What Iceberg would refuse when the table is made. */
function clash(
  field: PartitionField,
  before: readonly PartitionField[],
  columns: readonly Column[],
): string | null {
  if (before.some(({ name }) => name === field.name))
    return `two partitions are called '${field.name}'`;
  if (field.transform !== "identity" && columns.some(({ name }) => name === field.name))
    return `'${field.name}' is a column already`;
  const same = before.find(
    ({ column, transform }) =>
      column === field.column &&
      (transform === field.transform ||
        (times.includes(transform) && times.includes(field.transform))),
  );
  return same ? `'${same.name}' splits by ${field.column} already` : null;
}
