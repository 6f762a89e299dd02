/** How texts are written in a file. */
import type { Dialect, Format } from "../model/contract.ts";
import { isMembers, textOf, type Members, type Path, type Reader } from "./reader.ts";
import type { Settings } from "./settings.ts";

export const defaultDialect: Dialect = {
  ...{ delimiter: ",", quote: '"', escape: '"', header: true, encoding: "utf-8", nullText: "" },
  ...{ skipRows: 0, skipFooter: 0, comment: null, decimal: ".", thousands: null },
  ...{ trueTexts: ["true"], falseTexts: ["false"], sheet: null },
};

const words = ["decimal", "thousands", "trueTexts", "falseTexts"] as const;
const lines = ["header", "nullText", "skipRows", "skipFooter"] as const;
const meaningful: Record<Format, readonly (keyof Dialect)[]> = {
  csv: ["delimiter", "quote", "escape", "encoding", "comment", ...lines, ...words],
  // JSON itself says how numbers and truth are written.
  ...{ jsonl: ["encoding"], json: ["encoding"] },
  excel: ["sheet", ...lines, ...words],
  ...{ parquet: [], avro: [] },
};

const encodings: Record<string, Dialect["encoding"]> = {
  ...{ "utf-8": "utf-8", utf8: "utf-8", "utf-8-sig": "utf-8", ascii: "utf-8", "us-ascii": "utf-8" },
  ...{ "utf-16": "utf-16", utf16: "utf-16" },
  ...{ "latin-1": "latin-1", latin1: "latin-1", "iso-8859-1": "latin-1" },
  ...{ "windows-1252": "windows-1252", cp1252: "windows-1252" },
};
const groups = [".", ",", " ", "'", "’", "_", "\u00a0", "\u202f"];

export function readDialect(
  reader: Reader,
  settings: Settings,
  formats: readonly Format[],
): Dialect {
  const given = settings.value("dialect");
  const path = settings.path("dialect");
  if (given === undefined) return defaultDialect;
  const fail = (at: Path, what: string, fix: string) =>
    reader.fail(at, "CONTRACT_DIALECT", what, fix);
  if (!isMembers(given)) {
    fail(path, "the dialect is not a map", 'write { delimiter: ";" }');
    return defaultDialect;
  }
  const known = Object.keys(defaultDialect);
  const wordsOf: readonly string[] = words;
  const ofJson = formats.find((format) => format === "json" || format === "jsonl");
  reader.noOthers(path, given, known);
  for (const name of Object.keys(given).filter((one) => known.includes(one)))
    if (!formats.some((format) => meaningful[format].includes(name as keyof Dialect)))
      fail(
        [...path, name],
        `'${name}' means nothing in ${formats.join(", ")}`,
        ofJson && wordsOf.includes(name)
          ? "leave it out: JSON says itself how numbers, true and false are written"
          : "leave it out",
      );

  const one = members(given, path, fail);
  const quote = one.character("quote", { empty: true }) ?? defaultDialect.quote;
  const dialect: Dialect = {
    ...{ delimiter: one.character("delimiter") ?? defaultDialect.delimiter, quote },
    escape: one.character("escape", { empty: true }) ?? quote,
    header: one.truth("header") ?? defaultDialect.header,
    encoding: encodings[(one.text("encoding") ?? "utf-8").toLowerCase()] ?? "utf-8",
    nullText: one.text("nullText") ?? defaultDialect.nullText,
    ...{ skipRows: one.count("skipRows") ?? 0, skipFooter: one.count("skipFooter") ?? 0 },
    comment: one.character("comment"),
    decimal: reader.word([...path, "decimal"], given["decimal"], [".", ","], "."),
    thousands: one.text("thousands"),
    trueTexts: one.texts("trueTexts") ?? defaultDialect.trueTexts,
    falseTexts: one.texts("falseTexts") ?? defaultDialect.falseTexts,
    sheet: one.text("sheet"),
  };
  if (given["encoding"] !== undefined)
    reader.word(
      [...path, "encoding"],
      String(given["encoding"]).toLowerCase(),
      Object.keys(encodings),
      "utf-8",
    );
  if (ofJson && dialect.encoding !== "utf-8")
    fail(
      [...path, "encoding"],
      `${ofJson} is UTF-8, not ${dialect.encoding}`,
      "leave it out, and have the files written in UTF-8",
    );
  if (dialect.thousands !== null && !groups.includes(dialect.thousands))
    fail(
      [...path, "thousands"],
      `'${dialect.thousands}' stands between no groups of digits`,
      `write one of . , ' _ ’ or a space`,
    );
  together(dialect, path, fail);
  return dialect;
}

type Fail = (path: Path, what: string, fix: string) => null;

/** Members that would be taken for each other. */
function together(dialect: Dialect, path: Path, fail: Fail): void {
  const { delimiter, quote, comment, thousands, decimal } = dialect;
  if (quote === delimiter)
    fail([...path, "quote"], "quote and delimiter are the same", "change one");
  if (comment !== null && (comment === delimiter || comment === quote))
    fail([...path, "comment"], "comments begin as cells do", "change one");
  if (thousands === decimal)
    fail([...path, "thousands"], "thousands and decimal are the same", "change one");
  const fold = (texts: string[]) => texts.map((text) => text.toLowerCase());
  const both = fold(dialect.trueTexts).find((text) => fold(dialect.falseTexts).includes(text));
  if (both !== undefined)
    fail([...path, "falseTexts"], `'${both}' is true and false`, "remove one");
}

/** Reads members of the dialect; null when they are not given or not right. */
function members(given: Members, path: Path, fail: Fail) {
  const read = <T>(
    name: keyof Dialect,
    of: (value: unknown) => T | null,
    fix: string,
  ): T | null => {
    const value = given[name];
    if (value === undefined || value === null) return null;
    const found = of(value);
    return found ?? fail([...path, name], `${name} can't be ${JSON.stringify(value)}`, fix);
  };
  return {
    text: (name: keyof Dialect) => read(name, textOf, "write a text"),
    truth: (name: keyof Dialect) =>
      read(name, (value) => (typeof value === "boolean" ? value : null), "write true or false"),
    count: (name: keyof Dialect) =>
      read(
        name,
        (value) => (Number.isInteger(value) && Number(value) >= 0 ? Number(value) : null),
        "write a number of lines: 0, 1, ...",
      ),
    texts: (name: keyof Dialect) =>
      read(
        name,
        (value) => {
          const texts = (Array.isArray(value) ? value : [value]).map(textOf);
          return texts.length > 0 && texts.every((text) => text !== null && text !== "")
            ? (texts as string[])
            : null;
        },
        "write texts: [yes, 1]",
      ),
    character: (name: keyof Dialect, { empty = false } = {}) =>
      read(
        name,
        (value) => {
          const text = textOf(value) ?? "?";
          if (text === "" && empty) return "";
          return text === "\t" || /^[ -~]$/.test(text) ? text : null;
        },
        given[name] === "\\t"
          ? 'write "\\t" in double quotes'
          : `write one ASCII character${empty ? ", or nothing: ''" : ""}`,
      ),
  };
}
