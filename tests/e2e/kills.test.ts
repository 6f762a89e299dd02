/**
 * A process is killed (SIGKILL) at a named point, once. Each test asserts that the process died there, what the attempts say,
 * and that the table equals the oracle with nobody helping.
 */
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

interface Kill {
  title: string;
  failpoint: string;
  /** Attempts that the batch must have had: null when the death must cost none. */
  attempts: number;
}

const kills: Kill[] = [
  {
    title: "gateway, between upload and remove",
    failpoint: "gateway.upload:after:kill",
    attempts: 1,
  },
  { title: "dispatcher, after the claim", failpoint: "dispatcher.claim:after:kill", attempts: 1 },
  { title: "validate, after raw was written", failpoint: "validate.raw:after:kill", attempts: 2 },
  {
    title: "process, after the commit on the audit branch",
    failpoint: "process.commit:after:kill",
    attempts: 2,
  },
  { title: "publish, before the commit", failpoint: "publish.commit:before:kill", attempts: 2 },
  {
    title: "publish, after the commit with its answer lost",
    failpoint: "publish.commit:after:kill",
    attempts: 2,
  },
];

describe.each(kills)("killed: $title", ({ failpoint, attempts }) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  it("the file is published exactly once, with no human act", async () => {
    const first = transactions({ seed: 21, records: 300 });
    const second = transactions({ seed: 22, records: 200 });
    await world.drop(dataset, "before.csv", first.bytes);
    expect((await world.verdict("before.csv")).state).toBe("published");
    // What is derived from the table has the same steps: it must not be the one that dies.
    await world.upToDate("sales.daily_revenue_v1");

    const fault = await world.arm(failpoint);
    await world.drop(dataset, "killed.csv", second.bytes);
    const pid = await fault.hit();
    await world.eventually(`process ${pid} to be gone`, () => world.processGone(pid));

    const delivery = await world.verdict("killed.csv", { deadline: 150 });
    expect(delivery.state).toBe("published");
    expect(await world.deliveries("killed.csv")).toHaveLength(1);
    const made = await world.attempts(delivery.batch_id!);
    expect(made.map((attempt) => attempt.attempt)).toEqual(
      Array.from({ length: attempts }, (_, i) => i + 1),
    );
    expect(canonical(await world.rows(table), transactionColumns)).toEqual(
      canonical([...first.rows, ...second.rows], transactionColumns),
    );
    expect(await world.auditBranches(table)).toEqual([]);
  });
});
