/**
 * Files of `sales.transactions` with the rows that must land: the oracle. It is computed from the generator alone, never from
 * what the platform wrote.
 */
import { sealed, two, type BadRow, type GeneratedFile, type Row } from "./generated.ts";
import { Random } from "./random.ts";

export interface GenerateOptions {
  seed: number;
  records: number;
  /** Offset of transaction ids, so that two files do not share keys. */
  firstId?: number;
  /** How many records are broken, spread over the file. */
  bad?: number;
  /** Days over which the records spread, from 2026-11-01. */
  days?: number;
}

const header = "transaction_id,account_id,occurred_at,amount,currency,channel,card_holder,refunded";
const holders = [
  "Ada Byron",
  "Grace, Hopper",
  'Alan "Ace" Turing',
  "Édith Clarke",
  "山田 花子",
  "O'Neil\nAnnie",
  "",
] as const;
const offsets = [
  ["Z", 0],
  ["+01:00", 60],
  ["-05:30", -330],
] as const;

const quote = (cell: string) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const breakages = [
  { rule: "type", column: "amount", break: (c: string[]) => (c[3] = "1.239") },
  { rule: "required", column: "account_id", break: (c: string[]) => (c[1] = "") },
  { rule: "enum", column: "currency", break: (c: string[]) => (c[4] = "XXX") },
  { rule: "pattern", column: "transaction_id", break: (c: string[]) => (c[0] = "t-1") },
  { rule: "range", column: "account_id", break: (c: string[]) => (c[1] = "0") },
  { rule: "type", column: "occurred_at", break: (c: string[]) => (c[2] = "2026-02-30T00:00:00Z") },
  { rule: "type", column: "refunded", break: (c: string[]) => (c[7] = "yes") },
] as const;
const indexOf: Record<string, number> = Object.fromEntries(
  header.split(",").map((name, i) => [name, i]),
);

/** Generates one CSV file in the dialect of the contract, and what must come of it. */
export function transactions(options: GenerateOptions): GeneratedFile {
  const { seed, records, firstId = seed * 1_000_000, bad = 0, days = 5 } = options;
  const random = new Random(seed);
  const lines: string[] = [header];
  const rows: Row[] = [];
  const badRows: BadRow[] = [];
  const every = bad > 0 ? Math.floor(records / bad) : 0;
  let line = 2;
  for (let i = 1; i <= records; i++) {
    const [zone, minutes] = random.pick(offsets);
    const day = random.int(1, days);
    const local = [random.int(0, 23), random.int(0, 59), random.int(0, 59)] as const;
    const instant = new Date(Date.UTC(2026, 10, day, ...local) - minutes * 60_000);
    const cents = random.int(-99_999, 9_999_999);
    const amount = `${cents < 0 ? "-" : ""}${Math.floor(Math.abs(cents) / 100)}.${two(Math.abs(cents) % 100)}`;
    const channel = random.pick(["web", "store", "app", ""]);
    const holder = random.pick(holders);
    const cells = [
      `T${String((firstId + i) % 100_000_000).padStart(8, "0")}`,
      String(random.int(1, 9_000_000)),
      `2026-11-${two(day)}T${local.map(two).join(":")}${zone}`,
      amount,
      random.pick(["EUR", "USD", "GBP"]),
      channel,
      holder,
      random.pick(["true", "false"]),
    ];
    if (every > 0 && i % every === 0 && badRows.length < bad) {
      const breakage = breakages[badRows.length % breakages.length]!;
      breakage.break(cells);
      badRows.push({
        record: i,
        line,
        column: breakage.column,
        rule: breakage.rule,
        value: cells[indexOf[breakage.column]!]!,
      });
    } else
      rows.push({
        transaction_id: cells[0]!,
        account_id: cells[1]!,
        occurred_at: instant.toISOString().replace(".000Z", "Z"),
        amount,
        currency: cells[4]!,
        channel: channel === "" ? null : channel,
        card_holder: holder === "" ? null : holder,
        refunded: cells[7]!,
        _row: String(i),
      });
    const text = cells.map(quote).join(",");
    lines.push(text);
    line += 1 + (text.split("\n").length - 1);
  }
  return sealed(Buffer.from(lines.join("\n") + "\n", "utf8"), rows, badRows, records);
}

export const transactionColumns = [...header.split(","), "_file_id", "_row"] as const;
