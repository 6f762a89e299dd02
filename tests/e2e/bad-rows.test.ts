import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
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

describe("a file with bad rows", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  it("below the threshold: the good rows are published, each bad one is in records.jsonl with its place, rule and value", async () => {
    const file = transactions({ seed: 11, records: 2_000, bad: 7 });
    await world.drop(dataset, "some bad.csv", file.bytes);
    const delivery = await world.verdict("some bad.csv");
    expect(delivery).toMatchObject({
      state: "published",
      records_in: "2000",
      records_rejected: "7",
      records_published: "1993",
    });
    expect(canonical(await world.rows(table), transactionColumns)).toEqual(
      canonical(file.rows, transactionColumns),
    );
    const records = await world.rejectedRecords(delivery);
    expect(
      records.map(({ record, line, column, rule, value }) => ({
        record,
        line,
        column,
        rule,
        value,
      })),
    ).toEqual(file.bad);
    for (const record of records)
      expect(record).toMatchObject({ file_id: file.fileId, contract_version: "1.2.0" });
    const words = [
      "trace",
      "some bad.csv",
      "--json",
      "--stack",
      world.stack,
      "--world",
      world.name,
    ];
    const { stdout } = await promisify(execFile)(join(world.checkout, "gridata"), words);
    expect((JSON.parse(stdout) as { problems: object[] }).problems).toMatchObject(file.bad);
  });

  it("above the threshold: rejected whole, with the reason, and nothing of it is published", async () => {
    const before = await world.snapshot(table);
    const file = transactions({ seed: 12, records: 100, bad: 5 });
    await world.drop(dataset, "too bad.csv", file.bytes);
    const delivery = await world.verdict("too bad.csv");
    expect(delivery.state).toBe("rejected");
    expect(delivery.reason?.reason).toMatch(/5 of (the )?100|more than 1 ?%|threshold/i);
    expect(await world.snapshot(table)).toBe(before);
    // The original is kept, and the person who dropped it is told beside the drop folder.
    expect(await world.objects("raw", `${world.name}/sales/transactions/`)).toHaveLength(2);
    const verdict = await world.verdictFile(dataset, delivery);
    expect(verdict).toMatchObject({ name: "too bad.csv", state: "rejected" });
  });
});
