import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dropFolder } from "@gridata/kit/clients/stack";
import { openWorld, type World } from "@gridata/testkit";
import { client, stackName } from "../clients.ts";

const header =
  "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,store_and_fwd_flag,PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,total_amount,congestion_surcharge,Airport_fee";

/** Trips as the city publishes them: empty cells, refunds below zero, distances with two digits. */
const trip = (n: number) =>
  [
    (n % 2) + 1,
    `2024-01-0${(n % 4) + 1} 0${n % 10}:57:55`,
    `2024-01-0${(n % 4) + 1} 0${n % 10}:59:07`,
    n % 5 === 0 ? "" : (n % 4) + 1,
    (n / 100).toFixed(2),
    n % 5 === 0 ? "" : 1,
    n % 5 === 0 ? "" : n % 3 ? "N" : "Y",
    (n % 263) + 1,
    ((n * 7) % 263) + 1,
    n % 3,
    `${n % 11 === 0 ? "-" : ""}${n}.70`,
    "1.0",
    "0.5",
    "0.0",
    "0.0",
    "1.0",
    `${n}.20`,
    n % 5 === 0 ? "" : "2.5",
    n % 5 === 0 ? "" : "0.0",
  ].join(",");

describe("a dataset that somebody adds while the stack runs", () => {
  let world: World;
  const domain = `e2e_${randomBytes(4).toString("hex")}`;
  const table = `${domain}.yellow_tripdata_v1`;
  const lines = Array.from({ length: 1_000 }, (_, i) => trip(i + 1));

  beforeAll(async () => {
    world = await openWorld();
    const folder = join(world.checkout, "contracts", domain);
    const fixture = await readFile(
      join(import.meta.dirname, "../fixtures/yellow_tripdata.odcs.yaml"),
      "utf8",
    );
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, "yellow_tripdata.odcs.yaml"),
      fixture.replaceAll("DOMAIN", domain),
    );
  });
  afterAll(async () => {
    if (world)
      await rm(join(world.checkout, "contracts", domain), { recursive: true, force: true });
    await world?.close();
  });

  it("has its folder in the drop folder of the default world", async () => {
    const folder = join(dropFolder(world.checkout, stackName, "default"), domain);
    await expect
      .poll(() => existsSync(join(folder, "yellow_tripdata")), { timeout: 30_000 })
      .toBe(true);
  });

  it("takes the taxi records of New York by cp, and every reader finds exactly them", async () => {
    const folder = await world.datasetDir(`${domain}.yellow_tripdata`);
    const original = join(world.checkout, ".gridata", `${domain}.csv`);
    await writeFile(original, `${[header, ...lines].join("\n")}\n`);
    await copyFile(original, join(folder, "yellow_tripdata_2024-01.csv"));
    await rm(original);
    const published = await world.eventually(
      "the records to be published",
      async () => {
        const [delivery] = await world.deliveries("yellow_tripdata_2024-01.csv");
        return delivery?.state === "published" && delivery;
      },
      { deadline: 120 },
    );
    expect(published).toMatchObject({ records_in: "1000", records_rejected: "0" });

    const names = header.split(",");
    const expected = lines.map((line) => normal(names, line.split(",")));
    const byDuckDB = await world.rows(table);
    expect(
      sorted(
        byDuckDB.map((row) =>
          normal(
            names,
            names.map((n) => row[n] ?? ""),
          ),
        ),
      ),
    ).toEqual(sorted(expected));
    const byPyiceberg = await client(world, "read_table.py", "python-tools", table);
    expect(
      sorted(
        byPyiceberg.map((row: Record<string, string | null>) =>
          normal(
            names,
            names.map((n) => row[n] ?? ""),
          ),
        ),
      ),
    ).toEqual(sorted(expected));
    const { stdout } = await promisify(execFile)(
      join(world.checkout, "gridata"),
      ["table", table, "--rows", "--json", "--stack", stackName, "--world", world.name],
      { maxBuffer: 64 << 20 },
    );
    const document = JSON.parse(stdout) as {
      row_count: string;
      rows: Record<string, string | null>[];
    };
    expect(document.row_count).toBe("1000");
    expect(
      sorted(
        document.rows.map((row) =>
          normal(
            names,
            names.map((n) => row[n] ?? ""),
          ),
        ),
      ),
    ).toEqual(sorted(expected));
  });
});

/** One spelling for what readers spell differently: numbers without zeros at the end, `T` between day and time. */
function normal(names: string[], cells: string[]): string {
  return cells
    .map((cell, i) => {
      if (names[i]!.endsWith("datetime")) return cell.replace("T", " ").replace(/Z$/, "");
      return /^-?\d+(\.\d+)?$/.test(cell) ? String(Number(cell)) : cell;
    })
    .join("|");
}
const sorted = (rows: string[]) => rows.toSorted();
