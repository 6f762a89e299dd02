import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { customerState, customers } from "./customers.ts";
import { inventory } from "./inventory.ts";
import { readings } from "./readings.ts";

it("the state of customers is the newest line of each, without those that are gone", () => {
  const [first, second] = [
    customers({ seed: 1, records: 50, customers: 10, day: 2 }),
    customers({ seed: 2, records: 50, customers: 10, day: 1 }),
  ];
  const state = customerState([first, second]);
  // Everything of the second file is older: it decides only of who is not in the first.
  const known = new Set(first.rows.map((row) => row["customer_id"]));
  expect(
    state
      .filter((row) => known.has(row["customer_id"]!))
      .every((row) => row["_file_id"] === first.fileId),
  ).toBe(true);
  expect(customerState([second, first])).toHaveLength(state.length);
  expect(new Set(state.map((row) => row["customer_id"])).size).toBe(state.length);
  expect(state.length).toBeGreaterThan(3);
});

it("a count is in the spelling of a German spreadsheet", () => {
  const { bytes, rows, bad } = inventory({ seed: 1, records: 20, bad: 4 });
  const lines = bytes.toString("latin1").split("\r\n");
  expect(lines[0]).toContain("Gezählt am;Menge;Wert \u0080;");
  expect(lines.at(-2)).toBe("Summe;;;20;;;");
  expect([rows.length, bad.length]).toEqual([16, 4]);
});

it("readings are the same rows in every wrapping", async () => {
  const [plain, gzip, zstd, parquet] = await Promise.all(
    (["csv", "gzip", "zstd", "parquet"] as const).map((as) =>
      readings({ seed: 3, records: 40, as }),
    ),
  );
  expect(gunzipSync(gzip!.bytes)).toEqual(plain!.bytes);
  expect(zstdDecompressSync(zstd!.bytes)).toEqual(plain!.bytes);
  expect(parquet!.bytes.subarray(0, 4).toString()).toBe("PAR1");
});
