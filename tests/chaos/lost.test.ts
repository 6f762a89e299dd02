/** F29: a whole database is lost with files in flight, and made anew: Airflow's, the ledger's. Nothing is lost, nothing is doubled. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import {
  inDatabase,
  killAll,
  killSupervisor,
  openWorld,
  serviceBack,
  startAgain,
} from "@gridata/testkit";
import { scene } from "./scene.ts";

const stage = scene();

it("F29: Airflow's, with a run in progress", async () => {
  const { world } = stage;
  const fault = await world.arm("process.commit:before:pause");
  await stage.drop("F29 airflow 0.csv");
  const pid = await fault.hit();
  await loseDatabase("airflow");
  process.kill(pid, "SIGCONT");
  for (let i = 1; i < 3; i++) await stage.drop(`F29 airflow ${i}.csv`, 40);
  await stage.holds({ deadline: 300 });
});

it("F29 for the ledger of a running stack: it is built from the lake by itself", async () => {
  const { world } = stage;
  const files = await inFlight("F29 ledger");
  const dispatcher = await serviceBack("dispatcher", null);
  await loseDatabase("ledger");
  process.kill(files.pid, "SIGCONT");
  await serviceBack("dispatcher", dispatcher.identity, 200);
  await stage.holds({ deadline: 300 });
  await expectPublished(files.names);
  expect(world.processGone(files.pid)).toBe(true);
});

it("F29 for the ledger, at a start; `ledger rebuild` in mid-flight changes nothing of it", async () => {
  const { world } = stage;
  const files = await inFlight("F29 start");
  // Nobody makes it anew before everything else is gone.
  killSupervisor();
  await loseDatabase("ledger");
  await killAll();
  await startAgain();
  expect(world.processGone(files.pid)).toBe(true);
  const answer = await gridata("ledger", "rebuild");
  expect(answer["worlds"]).toContainEqual(
    expect.objectContaining({ world: world.name, publications: expect.any(Number) as number }),
  );
  await stage.holds({ deadline: 300 });
  await expectPublished(files.names);
  // Another world of the stack is as good as before.
  const other = await openWorld();
  await other.close();
});

/** Five files: one stands between intent and verdict, the others are wherever they are. */
async function inFlight(prefix: string): Promise<{ pid: number; names: string[] }> {
  const { world } = stage;
  const names = [0, 1, 2, 3, 4].map((i) => `${prefix} ${i}.csv`);
  const fault = await world.arm("publish.commit:after:pause");
  await stage.drop(names[0]!);
  const pid = await fault.hit();
  for (const name of names.slice(1)) await stage.drop(name, 40);
  await world.eventually("all five to be deliveries", async () => {
    const known = new Set((await world.deliveries()).map(({ name }) => name));
    return names.every((name) => known.has(name));
  });
  return { pid, names };
}

async function expectPublished(names: string[]): Promise<void> {
  const deliveries = (await stage.world.deliveries()).filter(({ name }) => names.includes(name));
  expect(deliveries.map(({ name, state }) => [name, state]).toSorted()).toEqual(
    names.map((name) => [name, "published"]),
  );
}

const loseDatabase = (database: "airflow" | "ledger") =>
  inDatabase(stage.world, "postgres", `drop database ${database} with (force)`);

async function gridata(...args: string[]): Promise<Record<string, unknown>> {
  const { checkout, stack } = stage.world;
  const words = [...args, "--stack", stack, "--json"];
  const { stdout } = await promisify(execFile)(join(checkout, "gridata"), words);
  return JSON.parse(stdout) as Record<string, unknown>;
}
