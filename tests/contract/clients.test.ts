import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
