import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { provision } from "@gridata/kit/toolchain";
import { canonical, openWorld, type Row, type World } from "@gridata/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testDatasets, type TestDatasets } from "./dataset.ts";

interface Written {
  /** Names of the files of each dataset. */
  files: Record<string, string[]>;
  expected: Record<string, Row[]>;
}

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
  let written: Written;

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
    written = await write(world, folder);
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

/** By Python: the formats' own libraries are there. */
async function write(world: World, folder: string): Promise<Written> {
  const all = provision(["python-tools", "python-pipeline"], { checkout: world.checkout });
  await all.done;
  const [tools, pipeline] = [await all.tool("python-tools"), await all.tool("python-pipeline")];
  const lib = join(pipeline.dir, "lib");
  const python = (await readdir(lib)).find((name) => name.startsWith("python3"))!;
  const { stdout } = await promisify(execFile)(
    join(tools.dir, "bin/python"),
    [join(import.meta.dirname, "../contract/clients/write_formats.py"), folder],
    {
      env: { ...process.env, PYTHONPATH: join(lib, python, "site-packages") },
      maxBuffer: 64 << 20,
    },
  );
  return JSON.parse(stdout) as Written;
}
