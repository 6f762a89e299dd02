/** What a file may be, and whether the columns fit into it. */
import type { Column, CompiledContract, Format } from "../model/contract.ts";
import type { Path, Reader } from "./reader.ts";
import { textsOf, type Settings } from "./settings.ts";
import { isNested, spellType } from "./types.ts";

const formats = ["csv", "jsonl", "json", "parquet", "avro", "excel"] as const;
const compressions = ["none", "gzip", "zstd", "zip", "auto"] as const;
const textFormats: readonly Format[] = ["csv", "jsonl", "json"];
/** Cells of one text each: nothing can be nested in them. */
const flat: readonly Format[] = ["csv", "excel"];

export function readFormats(
  reader: Reader,
  settings: Settings,
): Pick<CompiledContract, "format" | "formats" | "compression"> {
  const path = settings.path("format");
  const given = textsOf(settings.value("format"));
  const found = given.map((one, i) =>
    reader.word(Array.isArray(settings.value("format")) ? [...path, i] : path, one, formats, "csv"),
  );
  const known = [...new Set(found.length > 0 ? found : (["csv"] as const))];
  if (known.length < found.length)
    reader.fail(path, "CONTRACT_SETTING", "a format is named twice", "remove one");
  const texts = known.filter((format) => textFormats.includes(format));
  if (texts.length > 1)
    reader.fail(
      path,
      "CONTRACT_SETTING",
      `${texts.join(" and ")} are both texts: a file does not tell which one it is`,
      "keep one of csv, jsonl, json; parquet, avro and excel are told by their first bytes",
    );
  return {
    format: known[0]!,
    formats: known,
    compression: settings.word("compression", compressions, "none"),
  };
}

export function columnsFit(
  reader: Reader,
  base: Path,
  known: readonly Format[],
  columns: readonly Column[],
): void {
  const format = known.find((one) => flat.includes(one));
  if (!format) return;
  for (const column of columns.filter(({ type }) => isNested(type)))
    reader.fail(
      [...base, "properties"],
      "CONTRACT_TYPE_MISMATCH",
      `${column.name} is a ${spellType(column.type)}, and a cell of ${format} holds one text`,
      "use format jsonl, json, parquet or avro, or give each part a column",
    );
}
