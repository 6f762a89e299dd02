import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectStore, s3Client } from "@gridata/kit/clients/s3";
import { readStackConfig } from "@gridata/kit/clients/stack";
import { openWorld, type World } from "@gridata/testkit";
import { client } from "../clients.ts";

describe("clients of the catalog", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  it("pyiceberg creates, writes an audit branch, publishes, and is refused a stale publish; DuckDB reads it", async () => {
    const seen = await client(world, "pyiceberg_flow.py", "python-tools");
    expect(seen).toMatchObject({
      stale: "CommitFailedException",
      engine: "ForbiddenError",
      rows: 3,
    });
    expect((await world.rows("clients.py")).map((row) => row["id"]).toSorted()).toEqual([
      "1",
      "2",
      "3",
    ]);
  });

  it("Spark creates, writes an audit branch, and can't write main; DuckDB reads what was published", async () => {
    const seen = await client(world, "spark_flow.py", "python-pipeline");
    expect(seen["main"]).toMatch(/Forbidden|may not write the ref main/);
    expect((await world.rows("clients.spark")).map((row) => row["id"]).toSorted()).toEqual([
      "1",
      "2",
    ]);
  });
});

it("a client of the store lists more objects than a page has, whatever their names: with versions and without", async () => {
  const world = await openWorld();
  const config = readStackConfig(world.checkout, world.stack, "admin").s3!;
  const [writer, store] = [s3Client(config), objectStore(config)];
  try {
    // Below drop/ they would be deliveries.
    const prefix = `${world.name}/listed/`;
    const keys = Array.from({ length: 1_010 }, (_, i) => `${prefix}Größe+a%20b (${i}) '!*~&=.csv`);
    const waiting = [...keys];
    const put = async () => {
      for (let key = waiting.pop(); key; key = waiting.pop())
        await writer.putObject("staging", key, Buffer.from("x"));
    };
    await Promise.all(Array.from({ length: 8 }, put));
    for (const versions of [false, true]) {
      const listed = await store.list("staging", prefix, versions);
      expect(listed.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    }
    expect(await store.removePrefix("staging", prefix)).toBe(keys.length);
  } finally {
    await world.close();
  }
});
