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

describe("a key that is there already", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  const first = transactions({ seed: 31, records: 400 });
  const second = transactions({ seed: 32, records: 100 });

  it("in the table: the file that brings it is rejected and names the key, the others of its batch are published", async () => {
    await world.drop(dataset, "first.csv", first.bytes);
    expect((await world.verdict("first.csv")).state).toBe("published");
    // Other rows under the ids 350 to 449 of the first file.
    const overlapping = transactions({ seed: 33, records: 100, firstId: 31 * 1_000_000 + 350 });
    await Promise.all([
      world.drop(dataset, "overlapping.csv", overlapping.bytes),
      world.drop(dataset, "second.csv", second.bytes),
    ]);
    const bad = await world.verdict("overlapping.csv");
    expect(bad.state).toBe("rejected");
    expect(bad.reason).toMatchObject({ code: "QUALITY_CHECK_FAILED" });
    expect(bad.reason?.reason).toContain("transaction_id");
    expect((await world.verdict("second.csv")).state).toBe("published");
  });

  it("in another file of the same drop: one of the two is published, the other rejected", async () => {
    // A third file holds the batch open meanwhile, so that the two are claimed together or one after the other: as good.
    const a = transactions({ seed: 34, records: 60 });
    const b = transactions({ seed: 35, records: 60, firstId: 34 * 1_000_000 + 59 });
    await Promise.all([
      world.drop(dataset, "a.csv", a.bytes),
      world.drop(dataset, "b.csv", b.bytes),
    ]);
    const verdicts = [await world.verdict("a.csv"), await world.verdict("b.csv")];
    expect(verdicts.map(({ state }) => state).toSorted()).toEqual(["published", "rejected"]);
    const winner = verdicts[0]!.state === "published" ? a : b;
    expect(canonical(await world.rows(table), transactionColumns)).toEqual(
      canonical([...first.rows, ...second.rows, ...winner.rows], transactionColumns),
    );
    expect(await world.auditBranches(table)).toEqual([]);
  });
});
