import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readStackConfig } from "@gridata/kit/clients/stack";
import { provision } from "@gridata/kit/toolchain";
import { openWorld, type World } from "@gridata/testkit";

const stack = process.env["GRIDATA_STACK"] ?? "default";

/** Runs one of the programs beside this file and gives the JSON that it prints. */
async function client(
  world: World,
  program: string,
  tool: "python-tools" | "python-pipeline",
): Promise<Record<string, unknown>> {
  const { dir } = await provision([tool], { checkout: world.checkout }).tool(tool);
  const config = (identity: string) => readStackConfig(world.checkout, stack, identity);
  const { stdout } = await promisify(execFile)(
    join(dir, "bin/python"),
    [join(import.meta.dirname, "clients", program)],
    {
      env: {
        ...process.env,
        GRIDATA_CLIENTS: JSON.stringify({
          world: world.name,
          engine: config("pipeline"),
          publisher: config("publisher"),
        }),
      },
      timeout: 120_000,
    },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, unknown>;
}

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
