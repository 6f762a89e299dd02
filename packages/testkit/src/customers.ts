/** Files of `sales.customers`: JSON Lines of the newest state of each customer, with lines that come late, again, and for the last time. */
import { sealed, two, type BadRow, type GeneratedFile, type Row } from "./generated.ts";
import { Random } from "./random.ts";

export interface CustomersOptions {
  seed: number;
  records: number;
  /** How many customers they are of: fewer than records, and keys come several times. */
  customers?: number;
  bad?: number;
  /** Share of the lines that delete, in percent. */
  deleted?: number;
  /** Day of November 2026 on which the changes happen; they come in any order. */
  day?: number;
}

const names = [
  "Zoë Ångström",
  "Anne-Marie O’Neil",
  'Max "Mad" Müller',
  "李 小龙",
  "C\\D, Ltd.",
  null,
];
const cities = ["Köln", "København", "São Paulo", "Tōkyō"];
export const customerColumns = [
  ...["customer_id", "account_id", "name", "email", "phone", "segment", "credit_limit", "address"],
  ...["tags", "updated_at", "deleted", "_file_id", "_row"],
] as const;

const breakages = [
  { rule: "pattern", column: "customer_id", value: "x1" },
  { rule: "required", column: "updated_at", value: null },
  { rule: "enum", column: "segment", value: "vip" },
  { rule: "range", column: "credit_limit", value: -1 },
  { rule: "type", column: "account_id", value: 1.5 },
  { rule: "pattern", column: "email", value: "nobody" },
] as const;

/** `rows` are the accepted lines, deletions too: `customerState` says what the table must hold after them. */
export function customers(options: CustomersOptions): GeneratedFile {
  const { seed, records, customers: several = records, bad = 0, deleted = 5, day = 1 } = options;
  const random = new Random(seed);
  const every = bad > 0 ? Math.floor(records / bad) : 0;
  const lines: string[] = [];
  const rows: Row[] = [];
  const badRows: BadRow[] = [];
  for (let i = 1; i <= records; i++) {
    const id = random.int(1, several);
    // No two lines of a file have one time: the order is the file's own, and not left to the rest of the rule.
    const at = new Date(Date.UTC(2026, 10, day) + ((i * 7919) % 86_400) * 1000 + (i % 1000));
    const gone = random.int(1, 100) <= deleted;
    const name = random.pick(names);
    const cents = random.int(0, 9_999_999);
    const address = {
      street: `Straße ${random.int(1, 99)}`,
      "post-code": random.pick([`${random.int(10_000, 99_999)}`, null]),
      city: random.pick(cities),
      country: random.pick(["DE", "DK", "BR", "JP"]),
    };
    const tags = Array.from({ length: random.int(0, 3) }, () => random.pick(["new", "vip", 'é,"']));
    const document: Record<string, unknown> = {
      customer_id: `C${String(id).padStart(6, "0")}`,
      updated_at: at.toISOString(),
      ...(gone
        ? { deleted: true }
        : {
            account_id: id,
            name,
            email: `c${id}@example.com`,
            ...(random.int(0, 1) ? { phone: `+49 30 ${two(id % 100)}` } : {}),
            segment: random.pick(["consumer", "business", "partner"]),
            credit_limit: cents / 100,
            ...{ address, tags, deleted: false },
          }),
    };
    if (every > 0 && i % every === 0 && badRows.length < bad) {
      const { rule, column, value } = breakages[badRows.length % breakages.length]!;
      document[column] = value;
      badRows.push({
        ...{ record: i, line: i, column, rule },
        value: value === null ? "" : String(value),
      });
    } else rows.push(rowOf(document, i));
    lines.push(JSON.stringify(document));
  }
  return sealed(Buffer.from(lines.join("\n") + "\n", "utf8"), rows, badRows, records);
}

function rowOf(document: Record<string, unknown>, record: number): Row {
  const text = (value: unknown) => (value === undefined || value === null ? null : String(value));
  const { address, tags, credit_limit: limit, updated_at: at } = document;
  return {
    ...Object.fromEntries(
      ["customer_id", "account_id", "name", "email", "phone", "segment", "deleted"].map((name) => [
        name,
        text(document[name]),
      ]),
    ),
    credit_limit: typeof limit === "number" ? limit.toFixed(2) : null,
    address: address ? JSON.stringify(address).replace("post-code", "postcode") : null,
    tags: tags ? JSON.stringify(tags) : null,
    updated_at: String(at)
      .replace(".000Z", "Z")
      .replace(/\.(\d{3})Z$/, ".$1000Z"),
    _row: String(record),
  };
}

/** What the table holds after these files, in the order of their arrival: by key the greatest (updated_at, arrival, _row), unless it deletes. */
export function customerState(files: readonly GeneratedFile[]): Row[] {
  const newest = new Map<string, { row: Row; order: string }>();
  files.forEach((file, arrival) => {
    for (const row of file.rows) {
      const order = [
        new Date(row["updated_at"]!).toISOString(),
        String(arrival).padStart(6, "0"),
        row["_row"]!.padStart(12, "0"),
      ].join("/");
      const known = newest.get(row["customer_id"]!);
      if (!known || known.order < order) newest.set(row["customer_id"]!, { row, order });
    }
  });
  return [...newest.values()].map(({ row }) => row).filter((row) => row["deleted"] !== "true");
}
