/** Bad records for people: the line of the file, and a caret under the cell. Pure: `check` and `trace` say where the lines come from. */
import type { Style } from "./style.ts";

export interface BadRecord {
  record: number;
  /** Null where a format has no lines. */
  line: number | null;
  /** Null: the whole record. */
  column: string | null;
  rule: string;
  value: string;
}

const shown = 100;

const why: Record<string, string> = {
  type: "is no value of the column's type",
  required: "must have a value",
  unique: "is in an earlier record of the file already",
  range: "is outside of what the contract allows",
  pattern: "has not the form that the contract asks for",
  enum: "is none of the values that the contract allows",
  cells: "has not as many cells as the header has columns",
  encoding: "has bytes that are no text in the encoding of the contract",
  quote: "has a quote that does not stand at the edge of its cell",
};

/** `lines` holds the physical lines that are known, by their number; of others the value alone is shown. */
export function badRecords(
  problems: readonly BadRecord[],
  lines: ReadonlyMap<number, string>,
  paint: Style,
): string {
  return problems
    .map((problem) => badRecord(problem, lines.get(problem.line ?? 0), paint))
    .join("\n");
}

function badRecord(
  { record, line, column, rule, value }: BadRecord,
  text: string | undefined,
  paint: Style,
) {
  const place = line === null ? `record ${record}` : `line ${line}`;
  const head = `${paint.bold(`${place}${column === null ? "" : `, ${column}`}`)}: ${why[rule] ?? "breaks a rule"} (${rule})`;
  const whole = visible(text ?? value);
  if (whole === "") return head;
  const found = column === null ? null : cellIn(whole, visible(value));
  const [at, width] = text === undefined || column === null ? [0, whole.length] : (found ?? [0, 0]);
  // Of a long line the part around the cell.
  const from = at + Math.min(width, shown) <= shown ? 0 : Math.max(at - 20, 0);
  const part = whole.slice(from, from + shown);
  const gutter = `  ${line === null ? "" : line} | `;
  const under = " ".repeat(gutter.length - 2) + "| " + " ".repeat(at - from + (from > 0 ? 1 : 0));
  return [
    head,
    `${paint.dim(gutter)}${from > 0 ? "…" : ""}${part}${from + shown < whole.length ? "…" : ""}`,
    ...(width > 0
      ? [`${under}${paint.red("^".repeat(Math.max(1, Math.min(width, shown - (at - from)))))}`]
      : []),
  ].join("\n");
}

/** Where the value stands as a whole cell, else anywhere; null when it can't be seen, as what is empty. */
function cellIn(line: string, value: string): [number, number] | null {
  if (value === "") return null;
  const bound = (char: string | undefined) => char === undefined || !/[\p{L}\p{N}_.+-]/u.test(char);
  for (let at = line.indexOf(value); at >= 0; at = line.indexOf(value, at + 1))
    if (bound(line[at - 1]) && bound(line[at + value.length])) return [at, value.length];
  const at = line.indexOf(value);
  return at < 0 ? null : [at, value.length];
}

/** One line, one column a character: what a terminal would act on is shown, not sent. */
const visible = (text: string) =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "␦");
