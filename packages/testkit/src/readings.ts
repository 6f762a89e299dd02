/** Files of `telemetry.readings`: gzip or zstd CSV, or Parquet, with the same rows. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { openDuckDB, quoteText } from "@gridata/kit/clients/duckdb";
import { sealed, type GeneratedFile, type Row } from "./generated.ts";
import { Random } from "./random.ts";

export interface ReadingsOptions {
  seed: number;
  records: number;
  as?: "csv" | "gzip" | "zstd" | "parquet";
  /** Days over which they spread, from 2026-11-01. */
  days?: number;
}

const columns = ["device_id", "read_at", "metric", "value", "battery", "firmware"] as const;
export const readingColumns = [...columns, "_file_id", "_row"] as const;

export async function readings(options: ReadingsOptions): Promise<GeneratedFile> {
  const { seed, records, as = "gzip", days = 3 } = options;
  const random = new Random(seed);
  const rows: Row[] = Array.from({ length: records }, (_, i) => {
    const at = Date.UTC(2026, 10, 1) + Math.floor(random.next() * days * 86_400) * 1000;
    return {
      device_id: `dev-${String(random.int(1, 500)).padStart(5, "0")}`,
      read_at: new Date(at).toISOString().replace(".000Z", "Z"),
      metric: random.pick(["temperature", "humidity", "pressure"]),
      // Eighths are the same number in every reader's text.
      value: doubleText(random.int(-400, 1200) / 8),
      battery: random.int(0, 9) ? String(random.int(0, 100)) : null,
      firmware: random.pick(["1.4.0", "2.0.0-rc1", null]),
      _row: String(i + 1),
    };
  });
  const lines = rows.map((row) => columns.map((name) => row[name] ?? "").join(","));
  const csv = Buffer.from([columns.join(","), ...lines, ""].join("\n"), "utf8");
  const bytes =
    as === "gzip"
      ? gzipSync(csv)
      : as === "zstd"
        ? zstdCompressSync(csv)
        : as === "parquet"
          ? await parquet(csv)
          : csv;
  return sealed(bytes, rows, [], records);
}

/** As DuckDB writes a double: a whole one has `.0`. */
const doubleText = (value: number) => (Number.isInteger(value) ? `${value}.0` : String(value));

async function parquet(csv: Buffer): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), "gridata-readings-"));
  try {
    const [from, to] = [join(dir, "rows.csv"), join(dir, "rows.parquet")];
    await writeFile(from, csv);
    await using db = await openDuckDB();
    await db.run("SET TimeZone = 'UTC'");
    await db.run(
      `COPY (SELECT * FROM read_csv(${quoteText(from)}, header = true, columns = {device_id: 'VARCHAR',
         read_at: 'TIMESTAMPTZ', metric: 'VARCHAR', value: 'DOUBLE', battery: 'INTEGER', firmware: 'VARCHAR'}))
       TO ${quoteText(to)} (FORMAT parquet)`,
    );
    return await readFile(to);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
