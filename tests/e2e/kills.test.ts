/**
 * A process is killed (SIGKILL) at a named point, once. Each test asserts that the process died there, what the attempts say,
 * and that the table equals the oracle with nobody helping.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import {
  canonical,
  openWorld,
  readingColumns,
  readings,
  until,
  type GeneratedFile,
  type Row,
  type World,
} from "@gridata/testkit";
import { stackName } from "../clients.ts";

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

const checkout = join(import.meta.dirname, "../..");
const run = (...args: string[]) =>
  promisify(execFile)(join(checkout, "gridata"), [...args, "--stack", stackName, "--json"]).then(
    ({ stdout }) => JSON.parse(stdout) as any,
  );
const pids = (document: { services: { name: string; pid: number }[] }) =>
  Object.fromEntries(document.services.map(({ name, pid }) => [name, pid]));

// In one file with what kills services, which would have other pids.
describe("the supervisor of a stack", () => {
  it("may be killed: its services go on, and the next dev takes them up as they are", async () => {
    const before = pids(await run("status"));
    const { pid } = JSON.parse(
      await readFile(join(stateFolder(checkout, stackName), "run/supervisor.json"), "utf8"),
    ) as { pid: number };
    process.kill(pid, "SIGKILL");
    const again = await until("dev to attach", () => run("dev"), { deadline: 60 });
    expect(again).toMatchObject({ state: "ready", reattached: true });
    expect(pids(again)).toEqual(before);
  });

  it("starts a dead service again, and says so", async () => {
    const { services } = await run("status");
    const gateway = services.find(({ name }: { name: string }) => name === "gateway");
    process.kill(gateway.pid, "SIGKILL");
    const after = await until(
      "the gateway to be ready again",
      async () => {
        const status = await run("status");
        const found = status.services.find(({ name }: { name: string }) => name === "gateway");
        return found.state === "ready" && found.restarts > gateway.restarts && found;
      },
      { deadline: 60 },
    );
    expect(after.pid).not.toBe(gateway.pid);
  });
});
