/** A dataset's own job: what it does wrong parks the files with the cause, and the mended job drives them again. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { testDatasets, type TestDatasets } from "./dataset.ts";

const head = `from pyspark.sql import functions as F


def transform(df, ctx):
`;
const job = (...lines: string[]) => head + lines.map((line) => `    ${line}\n`).join("");

describe("a dataset with a job", () => {
  let world: World;
  let own: TestDatasets;
  let table: string;
  let dataset: string;
  const published = () => world.rows(table);
  /** Waits until the file stands with that code: a file that is driven again passes through other states. */
  const parkedWith = (name: string, code: string) =>
    world.eventually(`${name} to be parked with ${code}`, async () => {
      const [delivery] = await world.deliveries(name);
      return delivery?.state === "parked" && delivery.reason?.code === code && delivery;
    });

  beforeAll(async () => {
    world = await openWorld();
    own = testDatasets(world.checkout);
    dataset = `${own.domain}.orders`;
    table = `${dataset}_v1`;
    await own.job(
      "orders",
      job('return df.withColumn("note", F.expr("cast(1 div amount as string)"))'),
    );
    await own.contract("orders", {
      columns: ["id bigint key", "amount bigint required", "note string"],
      kit: { format: "csv" },
    });
  });
  afterAll(async () => {
    await own?.remove();
    await world?.close();
  });

  it("names the record at which the job fails", async () => {
    await world.drop(dataset, "a.csv", "id,amount,note\n1,5,x\n2,7,y\n3,0,z\n4,9,\n");
    const delivery = await parkedWith("a.csv", "TRANSFORM_RAISED");
    expect(delivery.reason?.reason).toContain("DIVIDE_BY_ZERO");
    expect(delivery.reason).toMatchObject({
      rows: [{ name: "a.csv", row: 3, values: { id: "3", amount: "0", note: "z" } }],
    });
    expect(await world.snapshot(table)).not.toBeNull();
    expect(await published()).toEqual([]);
  });

  it("names the line of the job that raised", async () => {
    await own.job("orders", job("rows = df", 'raise ValueError("no rate for today")'));
    const delivery = await world.eventually("the job's own words", async () => {
      const [found] = await world.deliveries("a.csv");
      return found?.state === "parked" && found.reason?.reason?.includes("no rate") && found;
    });
    expect(delivery.reason?.reason).toContain("no rate for today (at job.py:6 in transform");
    const told = await world.verdictFile(dataset, delivery);
    expect(told).toMatchObject({ state: "parked" });
  });

  it("says how the returned columns differ from the contract's", async () => {
    await own.job(
      "orders",
      job(
        'return df.drop("note", "_row").withColumn("amount", F.expr("amount * 1.5")).withColumn("vat", F.lit(1))',
      ),
    );
    const { reason } = await parkedWith("a.csv", "TRANSFORM_SCHEMA");
    expect(reason?.reason).toMatch(/note is missing/);
    expect(reason?.reason).toMatch(/_row is missing/);
    expect(reason?.reason).toMatch(/amount is decimal\(.*\), the contract says bigint/);
    expect(reason?.reason).toMatch(/vat \(int\) is not in the contract/);
  });

  it("lets no required column be emptied", async () => {
    await own.job("orders", job('return df.withColumn("amount", F.expr("nullif(amount, 7)"))'));
    const { reason } = await parkedWith("a.csv", "TRANSFORM_REQUIRED");
    expect(reason?.reason).toContain("a.csv: amount in 1 rows");
    expect(reason).toMatchObject({ rows: [{ name: "a.csv", row: 2, problem: "empty" }] });
  });

  it("lets no row vanish without a name", async () => {
    await own.job("orders", job('return df.filter("amount > 0")'));
    const { reason } = await parkedWith("a.csv", "TRANSFORM_ROWS");
    expect(reason?.reason).toContain("a.csv: 1 of 4 rows are gone without a named rule");
    expect(reason).toMatchObject({ rows: [{ name: "a.csv", row: 3, problem: "lost" }] });
  });

  it("publishes by itself once the job is mended, and accounts for what it dropped by name", async () => {
    await own.job(
      "orders",
      job(
        'df = ctx.drop("nothing_bought", df, "amount <= 0")',
        'return df.withColumn("note", F.upper("note"))',
      ),
    );
    const delivery = await world.eventually("a.csv to be published", async () => {
      const [found] = await world.deliveries("a.csv");
      return found?.state === "published" && found;
    });
    expect(delivery).toMatchObject({
      ...{ records_in: "4", records_rejected: "0", records_published: "3" },
    });
    const [receipt] = await receipts(world, delivery.batch_id!);
    expect(receipt).toMatchObject({
      deliveries: [{ verdict: "published", records: 3, dropped: { nothing_bought: 1 } }],
    });
    expect(values(await published())).toEqual(["1 5 X", "2 7 Y", "4 9 null"]);
  });

  it("an edited job affects the next file only, and may drop a whole file by name", async () => {
    await own.job(
      "orders",
      job(
        'df = ctx.drop("all", df, "note = \'gone\'")',
        'return df.withColumn("note", F.concat(F.lit("2:"), "note"))',
      ),
    );
    await world.eventually("the edited job to be in effect", async () => {
      await world.drop(dataset, `probe${probe}.csv`, `id,amount,note\n${1000 + probe++},1,gone\n`);
      const delivery = await world.verdict(`probe${probe - 1}.csv`);
      expect(delivery.state).toBe("published");
      return delivery.records_published === "0";
    });
    await world.drop(dataset, "b.csv", "id,amount,note\n5,1,x\n6,0,y\n");
    expect((await world.verdict("b.csv")).state).toBe("published");
    const rows = values(await published()).filter((row) => !row.includes("GONE"));
    expect(rows).toEqual(["1 5 X", "2 7 Y", "4 9 null", "5 1 2:x", "6 0 2:y"]);
    expect(await world.auditBranches(table)).toEqual([]);
  });
  let probe = 1;
});

const values = (rows: Record<string, string | null>[]) =>
  rows.map(({ id, amount, note }) => `${id} ${amount} ${note}`).toSorted();

async function receipts(world: World, batch: string): Promise<unknown[]> {
  const found = await world.objects("curated", `${world.name}/_batches/${batch}/`);
  return Promise.all(
    found.map(async ({ key }) => JSON.parse(await world.text(`s3://curated/${key}`)) as unknown),
  );
}
