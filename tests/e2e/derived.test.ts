/** A derived table is what its job makes of its upstream tables as they are now, whatever happened to them on the way. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { published, testDatasets, type TestDatasets } from "./dataset.ts";

interface Order {
  id: number;
  customer: number;
  day: string;
  /** In cents. */
  amount: number;
}

const job = (domain: string, sum: string) => `from pyspark.sql import functions as F


def transform(df, ctx):
    if ctx.touched is not None:
        df = df.filter(F.col("day").isin(list(ctx.touched)))
    customers = ctx.table("${domain}.customers_v1").selectExpr("id AS customer", "segment")
    return (
        df.join(customers, "customer", "left")
        .groupBy("day", F.coalesce("segment", F.lit("unknown")).alias("segment"))
        .agg(F.count("*").alias("orders"), ${sum})
    )


def touched(changed, ctx):
    days = changed["${domain}.orders_v1"].select("day")
    customers = changed["${domain}.customers_v1"].selectExpr("id AS customer").distinct()
    return days.union(ctx.table("${domain}.orders_v1").join(customers, "customer").select("day"))
`;
const good = 'F.sum("amount").cast("decimal(20,2)").alias("amount")';

/** What the table must hold, computed here. */
function revenue(orders: Order[], segments: ReadonlyMap<number, string>): string[] {
  const found = new Map<string, { orders: number; cents: number }>();
  for (const { customer, day, amount } of orders) {
    const key = `${day} ${segments.get(customer) ?? "unknown"}`;
    const sum = found.get(key) ?? { orders: 0, cents: 0 };
    found.set(key, { orders: sum.orders + 1, cents: sum.cents + amount });
  }
  return [...found]
    .map(([key, { orders: n, cents }]) => `${key} ${n} ${(cents / 100).toFixed(2)}`)
    .toSorted();
}

describe("a derived table", () => {
  let world: World;
  let own: TestDatasets;
  let ordersTable: string;
  let table: string;
  const orders: Order[] = [];
  const segments = new Map<number, string>();
  let next = 1;

  const make = (count: number, days: string[]): Order[] =>
    Array.from({ length: count }, (_, i) => ({
      ...{ id: next++, customer: (i % 4) + 1, day: days[i % days.length]!, amount: 100 * i + 5 },
    }));
  const csv = (rows: Order[]) =>
    [
      "id,customer,day,amount",
      ...rows.map((o) => `${o.id},${o.customer},${o.day},${(o.amount / 100).toFixed(2)}`),
      "",
    ].join("\n");
  const drop = (name: string, rows: Order[]) => world.drop(`${own.domain}.orders`, name, csv(rows));
  async function publish(name: string, rows: Order[]) {
    await drop(name, rows);
    await published(world, name);
    orders.push(...rows);
  }
  const held = async () =>
    (await world.rows(table))
      .map((row) => `${row["day"]} ${row["segment"]} ${row["orders"]} ${row["amount"]}`)
      .toSorted();
  async function exact() {
    const batch = await world.upToDate(table);
    expect(await held()).toEqual(revenue(orders, segments));
    return batch;
  }
  const how = async (batch: string) =>
    (await world.batchHops(batch)).find(({ name }) => name === "written")?.why;

  beforeAll(async () => {
    world = await openWorld();
    own = testDatasets(world.checkout);
    ordersTable = `${own.domain}.orders_v1`;
    table = `${own.domain}.daily_v1`;
    await own.contract("orders", {
      columns: [
        "id bigint key",
        "customer bigint required",
        "day date required",
        "amount decimal(12,2) required",
      ],
      kit: { format: "csv", partition: ["day"] },
    });
    await own.contract("customers", {
      columns: ["id bigint key", "segment string required"],
      kit: { format: "csv", mode: "upsert", redelivery: "apply" },
    });
    await own.job("daily", job(own.domain, good));
    await own.contract("daily", {
      columns: [
        "day date key",
        "segment string key",
        "orders bigint required",
        "amount decimal(20,2) required",
      ],
      kit: { derives: [ordersTable, `${own.domain}.customers_v1`], partition: ["day"] },
      quality: [{ name: "some", type: "library", metric: "rowCount", mustBeGreaterThan: 0 }],
    });
  });
  afterAll(async () => {
    await own?.remove();
    await world?.close();
  });

  it("is computed once its upstream is published, from tables that are not there yet too", async () => {
    await publish("first.csv", make(40, ["2026-11-01", "2026-11-02", "2026-11-03"]));
    const batch = await exact();
    expect(batch.upstream).toEqual({
      [ordersTable]: await world.snapshot(ordersTable),
      [`${own.domain}.customers_v1`]: null,
    });
    expect(await how(batch.batch_id)).toBe("the whole table");
    const receipt = JSON.parse(await world.text(`s3://curated/${batch.receipt_key}`)) as unknown;
    expect(receipt).toMatchObject({ kind: "derived", upstream: batch.upstream, rows: 3 });
  });

  it("replaces only the days that late data touches", async () => {
    await publish("late.csv", make(5, ["2026-10-30", "2026-11-02"]));
    const batch = await exact();
    expect(await how(batch.batch_id)).toBe("2 partitions: 2026-10-30, 2026-11-02");
  });

  it("follows a correction in the other upstream table", async () => {
    for (const [customer, segment] of [
      [1, "retail"],
      [2, "retail"],
      [3, "trade"],
    ] as const)
      segments.set(customer, segment);
    await world.drop(
      `${own.domain}.customers`,
      "customers.csv",
      "id,segment\n1,retail\n2,retail\n3,trade\n",
    );
    await published(world, "customers.csv");
    await exact();
    expect(await held()).toContainEqual(expect.stringContaining(" retail "));
    segments.set(2, "trade");
    await world.drop(`${own.domain}.customers`, "correction.csv", "id,segment\n2,trade\n");
    await published(world, "correction.csv");
    await exact();
  });

  it("converges when its step is killed right after the commit on the audit branch", async () => {
    const fault = await world.arm("derive.commit:after:kill");
    await publish("killed.csv", make(8, ["2026-11-03"]));
    const pid = await fault.hit();
    await world.eventually(`process ${pid} to be gone`, () => world.processGone(pid));
    const batch = await exact();
    expect((await world.attempts(batch.batch_id)).length).toBeGreaterThan(1);
    expect(await world.auditBranches(table)).toEqual([]);
  });

  it("computes each state of its upstream once, however quickly files come", async () => {
    const files = [1, 2, 3].map((n) => [`quick${n}.csv`, make(3, [`2026-11-1${n}`])] as const);
    for (const [name, rows] of files) await drop(name, rows);
    for (const [name, rows] of files) {
      await published(world, name);
      orders.push(...rows);
    }
    await exact();
    const states = (await world.derived(table)).map(({ upstream }) => JSON.stringify(upstream));
    expect(new Set(states).size).toBe(states.length);
  });

  it("is right again after main of its upstream was moved back", async () => {
    const before = (await world.snapshot(ordersTable))!;
    const kept = [...orders];
    await publish("moved.csv", make(6, ["2026-11-20", "2026-11-01"]));
    await exact();
    await world.moveMain(ordersTable, before);
    orders.splice(0, orders.length, ...kept);
    const batch = await exact();
    expect(batch.upstream[ordersTable]).toBe(before);
    expect(await how(batch.batch_id)).toBe("the whole table");
  });

  it("waits parked with the cause while its job is broken, and goes on by itself when it is mended", async () => {
    const shown = await held();
    await own.job("daily", job(own.domain, 'F.sum("price").alias("amount")'));
    await publish("broken.csv", make(4, ["2026-11-02"]));
    const parked = await world.eventually("the run to be parked", async () =>
      (await world.derived(table)).findLast(({ state }) => state === "parked"),
    );
    expect(parked.last_error?.reason).toContain("price");
    expect(parked.last_error?.reason).toContain("job.py:");
    expect(await held()).toEqual(shown);
    await own.job("daily", job(own.domain, good));
    await exact();
    expect(await world.auditBranches(table)).toEqual([]);
  });
});
