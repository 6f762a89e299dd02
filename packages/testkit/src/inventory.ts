/** Files of `ops.inventory`: a German spreadsheet in windows-1252, one warehouse on one day, with a row of totals. */
import { sealed, two, type BadRow, type GeneratedFile, type Row } from "./generated.ts";
import { skuOf } from "./prices.ts";
import { Random } from "./random.ts";

export interface InventoryOptions {
  seed: number;
  records: number;
  warehouse?: string;
  /** Day of November 2026. */
  day?: number;
  bad?: number;
}

const header = ["Lager", "Artikel-Nr.", "Gezählt am", "Menge", "Wert €", "Gesperrt", "Bemerkung"];
export const inventoryColumns = [
  ...["warehouse", "sku", "counted_on", "quantity", "value", "blocked", "note", "_file_id", "_row"],
] as const;
const notes = ["", "Größe prüfen", 'Regal "A"; unten', "2 € zu viel"];

const breakages = [
  { rule: "type", column: "quantity", cell: 3, value: "1.5,0" },
  { rule: "type", column: "counted_on", cell: 2, value: "31.02.2026" },
  { rule: "type", column: "blocked", cell: 5, value: "vielleicht" },
  { rule: "range", column: "quantity", cell: 3, value: "-1,000" },
  { rule: "required", column: "sku", cell: 1, value: "" },
] as const;

export function inventory(options: InventoryOptions): GeneratedFile {
  const { seed, records, warehouse = "Köln", day = 1, bad = 0 } = options;
  const random = new Random(seed);
  const every = bad > 0 ? Math.floor(records / bad) : 0;
  const lines = [header.map(quote).join(";")];
  const rows: Row[] = [];
  const badRows: BadRow[] = [];
  for (let i = 1; i <= records; i++) {
    const grams = random.int(0, 9_999_999);
    const cents = random.int(0, 99_999_999);
    const blocked = random.pick(["ja", "Nein", ""]);
    const note = random.pick(notes);
    const cells = [
      ...[warehouse, skuOf(i - 1), `${two(day)}.11.2026`, german(grams, 3)],
      ...[random.int(0, 9) ? german(cents, 2) : "", blocked, note],
    ];
    if (every > 0 && i % every === 0 && badRows.length < bad) {
      const { rule, column, cell, value } = breakages[badRows.length % breakages.length]!;
      cells[cell] = value;
      badRows.push({ record: i, line: i + 1, column, rule, value });
    } else
      rows.push({
        ...{ warehouse, sku: cells[1]!, counted_on: `2026-11-${two(day)}` },
        quantity: plain(grams, 3),
        value: cells[4] === "" ? null : plain(cents, 2),
        blocked: blocked === "" ? null : String(blocked === "ja"),
        note: note === "" ? null : note,
        _row: String(i),
      });
    lines.push(cells.map(quote).join(";"));
  }
  lines.push(`Summe;;;${records};;;`, "");
  return sealed(windows1252(lines.join("\r\n")), rows, badRows, records);
}

const quote = (cell: string) => (/[";]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const plain = (value: number, scale: number) => {
  const digits = String(value).padStart(scale + 1, "0");
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};
/** 1234567 with 3 digits behind the comma as `1.234,567`. */
const german = (value: number, scale: number) => {
  const [whole, fraction] = plain(value, scale).split(".");
  return `${whole!.replaceAll(/\B(?=(\d{3})+$)/g, ".")},${fraction}`;
};
/** The euro sign is where windows-1252 differs from latin-1, of what stands in these files. */
const windows1252 = (text: string) => Buffer.from(text.replaceAll("€", "\u0080"), "latin1");
