/**
 * A process is killed (SIGKILL) at a named point, once. Each test asserts that the process died there, what the attempts say,
 * and that the table equals the oracle with nobody helping.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  canonical,
  openWorld,
  readingColumns,
  readings,
  type GeneratedFile,
  type Row,
  type World,
} from "@gridata/testkit";

// Nothing is derived from it: what dies at a point of a step is the step of the file.
const table = "telemetry.readings_v1";
const dataset = "telemetry.readings";

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

describe("killed", () => {
  let world: World;
  const rows: Row[] = [];
  const drop = async (name: string, file: GeneratedFile) => {
    await world.drop(dataset, name, file.bytes);
    rows.push(...file.rows);
    return async () => {
      const delivery = await world.verdict(name, { deadline: 150 });
      expect(delivery.state).toBe("published");
      expect(await world.deliveries(name)).toHaveLength(1);
      expect(canonical(await world.rows(table), readingColumns)).toEqual(
        canonical(rows, readingColumns),
      );
      return delivery;
    };
  };

  beforeAll(async () => {
    world = await openWorld();
    const before = await drop("before", await readings({ seed: 20, records: 300 }));
    await before();
  });
  afterAll(async () => {
    await world?.close();
  });

  it.each(kills)(
    "$title: the file is published exactly once, with no human act",
    async ({ failpoint, attempts }) => {
      const fault = await world.arm(failpoint);
      const seed = 21 + kills.findIndex((kill) => kill.failpoint === failpoint);
      const killed = await drop(failpoint, await readings({ seed, records: 200 }));
      const pid = await fault.hit();
      await world.eventually(`process ${pid} to be gone`, () => world.processGone(pid));
      const { batch_id: batch } = await killed();
      expect((await world.attempts(batch!)).map(({ attempt }) => attempt)).toEqual(
        Array.from({ length: attempts }, (_, i) => i + 1),
      );
      expect(await world.auditBranches(table)).toEqual([]);
    },
  );
});
