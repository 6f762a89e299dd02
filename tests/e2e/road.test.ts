import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  canonical,
  openWorld,
  transactionColumns,
  transactions,
  type World,
} from "@gridata/testkit";

const table = "sales.transactions_v1";
const dataset = "sales.transactions";

describe("a file on the road from the drop folder to the table", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  const file = transactions({ seed: 1, records: 1_000 });

  it("is published: the table holds exactly its rows", async () => {
    await world.drop(dataset, "first day.csv", file.bytes);
    const delivery = await world.verdict("first day.csv");
    expect(delivery.state).toBe("published");
    expect(delivery.file_id).toBe(file.fileId);
    expect(canonical(await world.rows(table), transactionColumns)).toEqual(
      canonical(file.rows, transactionColumns),
    );
  });

  it("leaves every hop in its passport, in order and on the first attempt", async () => {
    const [delivery] = await world.deliveries("first day.csv");
    const hops = await until10(world, delivery!.delivery_id);
    expect(hops.map((hop) => hop.name)).toEqual(
      [
        "dropped",
        "staged",
        "announced",
        "dispatched",
        "validated",
        "raw",
        "written",
        "checked",
        "published",
        "closed",
      ].filter((name) => hops.some((hop) => hop.name === name)),
    );
    for (const name of [
      "dropped",
      "staged",
      "dispatched",
      "validated",
      "raw",
      "written",
      "checked",
      "published",
      "closed",
    ])
      expect(
        hops.some((hop) => hop.name === name && hop.state === "done"),
        name,
      ).toBe(true);
    expect(await world.attempts(delivery!.batch_id!)).toHaveLength(1);
  });

  it("is gone from the drop folder, the private folder and staging, and its original is in raw/", async () => {
    const [delivery] = await world.deliveries("first day.csv");
    expect(await world.dropped()).toEqual([]);
    await world.eventually(
      "the staged version to be deleted",
      async () => (await world.objects("staging", `${world.name}/drop/`)).length === 0,
    );
    const raw = await world.objects("raw", `${world.name}/sales/transactions/`);
    expect(raw).toHaveLength(1);
    expect(raw[0]!.key).toContain(delivery!.file_id!);
    expect(raw[0]!.size).toBe(file.bytes.length);
  });

  it("is a duplicate when the same bytes come again, under whatever name, and the table stays as it was", async () => {
    const before = await world.snapshot(table);
    await world.drop(dataset, "first day again.csv", file.bytes);
    const delivery = await world.verdict("first day again.csv");
    expect(delivery.state).toBe("duplicate");
    expect(await world.snapshot(table)).toBe(before);
  });

  it("is published beside the first when its content is new and its name old", async () => {
    const other = transactions({ seed: 2, records: 50 });
    await world.drop(dataset, "first day.csv", other.bytes);
    await world.eventually("both deliveries of that name to be published", async () => {
      const named = await world.deliveries("first day.csv");
      return named.length === 2 && named.every((d) => d.state === "published");
    });
    expect(canonical(await world.rows(table), transactionColumns)).toEqual(
      canonical([...file.rows, ...other.rows], transactionColumns),
    );
  });
});

/** Hops of a delivery once the last of them is in. */
async function until10(world: World, delivery: string) {
  return world.eventually(`delivery ${delivery} to have its closing hop`, async () => {
    const hops = await world.hops(delivery);
    return hops.some((hop) => hop.name === "closed") && hops;
  });
}
