import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { csv, datasetsOf, type Datasets } from "../contracts.ts";

const sold = (day: number, shop: string, n: number) => ({
  day: `2026-11-${String(day).padStart(2, "0")}`,
  ...{ shop, n },
});

describe("tables whose files are whole: of a table, or of its partitions", () => {
  let world: World;
  let datasets: Datasets;

  beforeAll(async () => {
    world = await openWorld();
    datasets = datasetsOf(world);
    await datasets.save("prices", {
      settings: { mode: "replace" },
      columns: { item: { physicalType: "string", required: true }, price: "decimal(8,2)" },
    });
    await datasets.save("sold", {
      settings: { mode: "replace-partitions", partition: ["day", "bucket(4, n)"] },
      columns: {
        day: { physicalType: "date", required: true },
        ...{ shop: "string", n: "int" },
      },
    });
  });
  afterAll(async () => {
    await datasets?.remove();
    await world?.close();
  });

  const prices = async () =>
    (await world.rows(`${datasets.domain}.prices_v1`))
      .map(({ item, price }) => `${item} ${price}`)
      .toSorted();
  const days = async () =>
    (await world.rows(`${datasets.domain}.sold_v1`))
      .map(({ day, shop, n }) => `${day} ${shop} ${n}`)
      .toSorted();
  const outcome = async (file: string) => (await world.deliveries(file)).at(-1)!.outcome;

  it("a table is what its last file is; the same content that comes again replaces what came between", async () => {
    const a = [
      { item: "apple", price: "1.00" },
      { item: "pear", price: "2.00" },
    ];
    const b = [{ item: "plum", price: "3.00" }];
    await datasets.publish("prices", "a.csv", a);
    expect(await prices()).toEqual(["apple 1.00", "pear 2.00"]);
    await datasets.publish("prices", "b.csv", b);
    expect(await prices()).toEqual(["plum 3.00"]);
    expect(await outcome("b.csv")).toMatchObject({ inserted: 1, removed: 2 });
    await datasets.publish("prices", "a again.csv", a);
    expect(await prices()).toEqual(["apple 1.00", "pear 2.00"]);
  });

  it("of several files in a batch the last one is the table, the others say that they were superseded", async () => {
    const dataset = `${datasets.domain}.prices`;
    const held = await world.arm("validate.raw:after:kill");
    await world.drop(dataset, "held.csv", "nobody knows this column\n");
    await held.hit();
    await world.drop(dataset, "x.csv", csv([{ item: "x", price: "1.00" }]));
    await world.eventually("x to be staged", async () => (await world.deliveries("x.csv")).length);
    await world.drop(dataset, "y.csv", "item,price\n");
    const [x, y] = [await world.verdict("x.csv"), await world.verdict("y.csv")];
    expect([x.state, y.state, x.reason?.code]).toEqual(["published", "published", "SUPERSEDED"]);
    // A whole table may be empty: that is what its file says.
    expect(await prices()).toEqual([]);
    expect(x.outcome).toMatchObject({ inserted: 0, superseded: 1 });
  });

  it("partitions that a file has rows of are replaced, the others stay", async () => {
    const first = [sold(1, "a", 1), sold(1, "b", 2), sold(2, "a", 3), sold(3, "a", 4)];
    await datasets.publish("sold", "first.csv", first);
    const correction = [sold(2, "a", 30), sold(2, "c", 31), sold(4, "a", 5)];
    await datasets.publish("sold", "correction.csv", correction);
    expect(await days()).toEqual([
      ...["2026-11-01 a 1", "2026-11-01 b 2", "2026-11-02 a 30"],
      ...["2026-11-02 c 31", "2026-11-03 a 4", "2026-11-04 a 5"],
    ]);
    expect(await outcome("correction.csv")).toMatchObject({ inserted: 3, removed: 1 });
  });
});
