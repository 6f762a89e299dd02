/** Quality rules: the file that breaks one is found among others and refused with its rows; what breaks none is published. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { stackName } from "../clients.ts";
import { published, testDatasets, type TestDatasets } from "./dataset.ts";

const csv = (...rows: string[]) => `id,amount,currency,note\n${rows.join("\n")}\n`;
const files = {
  "good1.csv": csv("1,10.00,EUR,a", "2,0.00,USD,"),
  "bad.csv": csv("3,5.00,EUR,a", "4,-1.00,EUR,b", "5,-2.50,USD,c"),
  "good2.csv": csv("6,7.25,USD,", "7,1.00,,d"),
};

describe("quality rules of a contract", () => {
  let world: World;
  let own: TestDatasets;
  let sales: string;
  let seen: string;
  const ids = async () =>
    (await world.rows(`${sales}_v1`)).map(({ id }) => Number(id)).toSorted((a, b) => a - b);
  const trace = async (name: string) => {
    const { stdout } = await promisify(execFile)(join(world.checkout, "gridata"), [
      ...["trace", name, "--json", "--stack", stackName, "--world", world.name],
    ]);
    return JSON.parse(stdout) as { checks: Record<string, unknown>[] };
  };

  beforeAll(async () => {
    world = await openWorld();
    own = testDatasets(world.checkout);
    sales = `${own.domain}.sales`;
    await own.contract("currencies", { columns: ["code string key"], kit: { format: "csv" } });
    await world.drop(`${own.domain}.currencies`, "currencies.csv", "code\nEUR\nUSD\n");
    await published(world, "currencies.csv");
    seen = `${own.domain}.sightings`;
    await own.contract("sightings", {
      columns: ["id bigint key", "seen timestamptz required"],
      kit: { format: "csv" },
      slaProperties: [{ property: "freshness", value: 1, unit: "h", element: "sightings.seen" }],
    });
    await world.drop(seen, "old.csv", "id,seen\n1,2020-01-01T00:00:00Z\n");
    // Without a contract they wait, so that all three come into one batch when there is one.
    for (const [name, content] of Object.entries(files)) await world.drop(sales, name, content);
    for (const name of Object.keys(files))
      expect((await world.verdict(name)).reason?.code).toBe("NO_CONTRACT");
    await own.contract("sales", {
      columns: ["id bigint key", "amount decimal(10,2) required", "currency string", "note string"],
      kit: { format: "csv" },
      quality: [
        {
          ...{ name: "no_negative", type: "sql", mustBe: 0 },
          query: "SELECT count(*) FROM ${table} WHERE amount < 0",
        },
        {
          ...{ name: "noted", type: "sql", mustBe: 0, severity: "warning" },
          query: "SELECT count(*) FROM ${table} WHERE note IS NULL",
        },
      ],
      relationships: [
        { type: "foreignKey", from: ["sales.currency"], to: [`${own.domain}.currencies.code`] },
      ],
    });
  });
  afterAll(async () => {
    await own?.remove();
    await world?.close();
  });

  const settled = (name: string) =>
    world.eventually(`${name} to have a final verdict`, async () => {
      const [delivery] = await world.deliveries(name);
      return delivery && world.isFinal(delivery) && delivery;
    });

  it("refuse the one bad file of a batch with its rows, and the others go on", async () => {
    const bad = await settled("bad.csv");
    expect(bad).toMatchObject({ state: "rejected", reason: { code: "QUALITY_CHECK_FAILED" } });
    expect(bad.reason?.reason).toContain("no_negative: 2, but it mustBe 0");
    const records = await world.rejectedRecords(bad);
    expect(records.map(({ rule, record }) => [rule, record])).toEqual([
      ["no_negative", 2],
      ["no_negative", 3],
    ]);
    expect(records[1]?.value).toMatchObject({ id: "5", amount: "-2.50" });
    expect(await world.verdictFile(sales, bad)).toMatchObject({
      state: "rejected",
      rejects_uri: bad.rejects_uri,
    });

    const others = [await settled("good1.csv"), await settled("good2.csv")];
    expect(others.map(({ state }) => state)).toEqual(["published", "published"]);
    // They were in its batch, and made the next one together.
    expect(others[0]!.batch_id).toBe(others[1]!.batch_id);
    expect(others[0]!.batch_id! > bad.batch_id!).toBe(true);
    expect(await ids()).toEqual([1, 2, 6, 7]);
    expect(await world.auditBranches(`${sales}_v1`)).toEqual([]);
  });

  it("warn without stopping anything, and trace shows it", async () => {
    const { checks } = await trace("good1.csv");
    expect(checks).toContainEqual(
      expect.objectContaining({ name: "noted", severity: "warning", passed: false }),
    );
    expect(checks).toContainEqual(expect.objectContaining({ name: "no_negative", passed: true }));
    const refused = await trace("bad.csv");
    expect(refused.checks).toContainEqual(
      expect.objectContaining({ name: "no_negative", passed: false }),
    );
  });

  it("tell that the newest value is older than promised, and refuse nothing for it", async () => {
    const freshness = async (name: string) => {
      await published(world, name);
      return (await trace(name)).checks.find((check) => check["name"] === "freshness");
    };
    const warning = { severity: "warning", passed: false };
    expect(await freshness("old.csv")).toMatchObject({
      ...warning,
      why: expect.stringContaining("the newest seen is 2020-01-01"),
    });
    await world.drop(seen, "fresh.csv", `id,seen\n2,${new Date().toISOString()}\n`);
    expect(await freshness("fresh.csv")).toMatchObject({ passed: true });
    // Late data makes the table no older.
    await world.drop(seen, "late.csv", "id,seen\n3,2020-01-02T00:00:00Z\n");
    expect(await freshness("late.csv")).toMatchObject({ passed: true });
  });

  it("look into another table at its present main, and say at which snapshot", async () => {
    await world.drop(sales, "unknown.csv", csv("8,1.00,XXX,a", "9,1.00,EUR,b"));
    const unknown = await settled("unknown.csv");
    expect(unknown.state).toBe("rejected");
    expect(unknown.reason?.reason).toContain(
      `currency of 1 rows is not in ${own.domain}.currencies_v1`,
    );
    expect((await world.rejectedRecords(unknown)).map(({ record }) => record)).toEqual([1]);

    await world.drop(`${own.domain}.currencies`, "more.csv", "code\nXXX\n");
    await published(world, "more.csv");
    await world.drop(sales, "known.csv", csv("8,1.00,XXX,a", "9,1.00,EUR,b", "10,2.00,XXX,c"));
    expect((await settled("known.csv")).state).toBe("published");
    expect(await ids()).toEqual([1, 2, 6, 7, 8, 9, 10]);
    const { checks } = await trace("known.csv");
    expect(checks).toContainEqual(
      expect.objectContaining({
        passed: true,
        reads: {
          [`${own.domain}.currencies_v1`]: await world.snapshot(`${own.domain}.currencies_v1`),
        },
      }),
    );
  });
});
