import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonical, openWorld, type World } from "@gridata/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFormats, type WrittenFormats } from "../clients.ts";
import { testDatasets, type TestDatasets } from "./dataset.ts";

const nested = [
  "id bigint key",
  "place struct<city:string,lat:decimal(9,6)>",
  "tags array<string>",
  "prices map<string,bigint>",
];

describe("files of every format and compression", () => {
  let world: World;
  let own: TestDatasets;
  let folder: string;
  let written: WrittenFormats;

  beforeAll(async () => {
    world = await openWorld();
    own = testDatasets(world.checkout);
    const kit = { compression: "auto", errorThreshold: "10%" };
    await own.contract("flat", {
      columns: [
        ...["id bigint key", "amount decimal(12,2)", "name string", "day date", "at timestamp"],
        "ok boolean",
      ],
      kit: { ...kit, format: ["csv", "parquet", "avro", "excel"] },
    });
    await own.contract("tree", {
      columns: nested,
      kit: { ...kit, format: ["jsonl", "parquet", "avro"] },
    });
    await own.contract("list", { columns: nested, kit: { ...kit, format: "json" } });
    folder = await mkdtemp(join(tmpdir(), "gridata-formats-"));
    written = await writeFormats(world.checkout, folder);
    const refused = ["truncated.csv.gz", "bomb.csv.gz", "other.parquet"];
    for (const [dataset, names] of Object.entries({
      ...written.files,
      flat: [...written.files["flat"]!, ...refused],
    }))
      for (const name of names)
        await world.drop(`${own.domain}.${dataset}`, name, await readFile(join(folder, name)));
  });
  afterAll(async () => {
    await own?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
    await world?.close();
  });

  const settled = (name: string) =>
    world.eventually(`the verdict of ${name}`, async () => {
      const [delivery] = await world.deliveries(name);
      return delivery && world.isFinal(delivery) && delivery;
    });

  it("are published, each by its first bytes, with the id of the bytes as they came", async () => {
    for (const name of Object.values(written.files).flat()) {
      const bytes = await readFile(join(folder, name));
      expect(await settled(name), name).toMatchObject({
        state: "published",
        file_id: createHash("sha256").update(bytes).digest("hex"),
        records_published: "40",
      });
      const [, original] = (await world.hops((await settled(name)).delivery_id)).flatMap((hop) =>
        hop.name === "raw" ? [hop.name, hop.ref] : [],
      );
      const key = new URL(original!).pathname.slice(1);
      const kept = await world.objects("raw", decodeURIComponent(key));
      expect(kept.map(({ size }) => size)).toEqual([bytes.length]);
    }
  });

  it.each(["flat", "tree", "list"])("are read back exactly by DuckDB: %s", async (dataset) => {
    for (const name of written.files[dataset]!) await settled(name);
    const rows = await world.rows(`${own.domain}.${dataset}_v1`);
    const columns = Object.keys(written.expected[dataset]![0]!);
    expect(canonical(rows, columns)).toEqual(canonical(written.expected[dataset]!, columns));
  });

  it("a value that is wrong inside of another has its path in the evidence", async () => {
    const [bad, ...more] = await world.rejectedRecords(await settled("lines.jsonl"));
    expect(bad).toMatchObject({
      record: 8,
      line: 8,
      column: "place.city",
      rule: "type",
      value: "5",
    });
    expect(more).toEqual([]);
  });

  it.each([
    ["truncated.csv.gz", "FILE_TRUNCATED", "cut off"],
    ["bomb.csv.gz", "FILE_EXPANDS_TOO_MUCH", "far more than its compressed size"],
    ["other.parquet", "SCHEMA_MISMATCH", "id is string in the file and long in the contract"],
  ])("%s is refused with %s", async (name, code, says) => {
    const delivery = await settled(name);
    expect(delivery).toMatchObject({ state: "rejected", reason: { code } });
    expect(delivery.reason!.reason).toContain(says);
  });
});
