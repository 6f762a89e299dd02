/** Files of `sales.prices`: each is the whole list. */
import { sealed, two, type GeneratedFile, type Row } from "./generated.ts";
import { Random } from "./random.ts";

export const priceColumns = [
  ...["sku", "price", "currency", "valid_from", "discontinued", "_file_id", "_row"],
] as const;

export const skuOf = (i: number) =>
  `${String.fromCharCode(65 + (Math.floor(i / 10_000) % 26))}X-${String(i % 10_000).padStart(4, "0")}`;

/** The same seed with another number of records gives another list of the same first articles. */
export function prices({ seed, records }: { seed: number; records: number }): GeneratedFile {
  const random = new Random(seed);
  const rows: Row[] = Array.from({ length: records }, (_, i) => ({
    sku: skuOf(i),
    price: `${random.int(0, 999)}.${two(random.int(1, 99))}`,
    currency: random.pick(["EUR", "USD", "GBP"]),
    valid_from: `2026-${two(random.int(1, 12))}-${two(random.int(1, 28))}`,
    discontinued: random.pick(["true", "false"]),
    _row: String(i + 1),
  }));
  const lines = rows.map((row) =>
    priceColumns
      .slice(0, 5)
      .map((name) => row[name])
      .join(","),
  );
  const text = ["sku,price,currency,valid_from,discontinued", ...lines, ""].join("\n");
  return sealed(Buffer.from(text, "utf8"), rows, [], records);
}
