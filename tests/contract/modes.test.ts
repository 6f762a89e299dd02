import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { client } from "../clients.ts";

describe("modes, by the real Spark on the real catalog", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  it("any batching and any order of arrival gives the table that an oracle without batches computes", async () => {
    const seed = String(process.env["GRIDATA_SEED"] ?? 7);
    const { batches } = await client(world, "spark_modes.py", "python-pipeline", seed, "3");
    expect(batches).toBeGreaterThan(3);
  }, 300_000);
});
