import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { csv, datasetsOf, type Datasets, type TableOptions } from "../contracts.ts";

describe("a contract that changes under its table", () => {
  let world: World;
  let datasets: Datasets;
  const columns = { id: "int", amount: "decimal(6,2)" };
  const save = (version: string, changed: TableOptions["columns"], partition: string[] = []) =>
    datasets.save("orders", { version, settings: { mode: "append", partition }, columns: changed });
  const rows = async () =>
    (await world.rows(`${datasets.domain}.orders_v1`))
      .map(({ id, amount, note }) => [id, amount, note])
      .toSorted();

  beforeAll(async () => {
    world = await openWorld();
    datasets = datasetsOf(world);
  });
  afterAll(async () => {
    await datasets?.remove();
    await world?.close();
  });

  it("new columns and wider types take effect with the next file, and the rows before it stay readable", async () => {
    await save("1.0.0", columns);
    await datasets.publish("orders", "before.csv", [{ id: 1, amount: "1.00" }]);
    await save("1.1.0", { note: "string", id: "bigint", amount: "decimal(12,2)" });
    await datasets.publish("orders", "after.csv", [
      { note: "wide", id: "5000000000", amount: "9999999999.99" },
    ]);
    expect(await rows()).toEqual([
      ["1", "1.00", null],
      ["5000000000", "9999999999.99", "wide"],
    ]);
  });

  it("anything else parks the file with the reason, until the contract is one that is in effect", async () => {
    const before = await world.snapshot(`${datasets.domain}.orders_v1`);
    const narrow = { note: "string", id: "bigint", amount: "decimal(6,2)" };
    await save("1.2.0", narrow, ["id"]);
    const records = [{ note: "later", id: 2, amount: "2.00" }];
    await world.drop(`${datasets.domain}.orders`, "parked.csv", csv(records));
    const parked = await world.eventually("parked.csv to be parked for its schema", async () => {
      const found = (await world.deliveries("parked.csv")).at(-1);
      return found?.state === "parked" && found.reason?.code === "SCHEMA_NOT_IN_EFFECT" && found;
    });
    expect(parked.reason!.reason).toContain(
      "column amount would narrow from decimal(12,2) to decimal(6,2); the partitions would change from () to (identity of id as id)",
    );
    expect(await world.snapshot(`${datasets.domain}.orders_v1`)).toBe(before);
    await save("1.3.0", { ...narrow, amount: "decimal(12,2)" });
    await world.eventually("parked.csv to be driven again by itself", async () => {
      const found = (await world.deliveries("parked.csv")).at(-1)!;
      return found.state === "published";
    });
    expect((await rows()).map(([id]) => id)).toEqual(["1", "2", "5000000000"]);
  });
});
