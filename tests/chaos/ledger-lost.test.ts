/** The ledger's database is lost in mid-flight and made anew from the lake: nothing is lost, nothing is doubled. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createPool } from "@gridata/kit/clients/pg";
import { readStackConfig, stateFolder } from "@gridata/kit/clients/stack";
import { killAll, openWorld, startAgain } from "@gridata/testkit";
import { scene } from "./scene.ts";

const stage = scene();

it("F29 for the ledger: five files in flight, one of them between intent and verdict", async () => {
  const { world } = stage;
  const fault = await world.arm("publish.commit:after:pause");
  await stage.drop("lost 0.csv");
  const pid = await fault.hit();
  for (let i = 1; i < 5; i++) await stage.drop(`lost ${i}.csv`, 40);
  await world.eventually(
    "all five to be deliveries",
    async () =>
      (await world.deliveries()).filter(({ name }) => name.startsWith("lost")).length === 5,
  );
  await loseLedger(world.checkout, world.stack);
  expect(world.processGone(pid)).toBe(true);
  const answer = await gridata(world.checkout, "ledger", "rebuild", "--stack", world.stack);
  expect(answer["worlds"]).toContainEqual(
    expect.objectContaining({ world: world.name, publications: expect.any(Number) as number }),
  );
  await stage.holds();
  const deliveries = await world.deliveries();
  expect(deliveries.map(({ name, state }) => [name, state]).toSorted()).toEqual([
    ["first.csv", "published"],
    ...[0, 1, 2, 3, 4].map((i) => [`lost ${i}.csv`, "published"]),
  ]);
  // Another world of the stack is as good as before.
  const other = await openWorld();
  await other.close();
});

async function loseLedger(checkout: string, stack: string): Promise<void> {
  const { ledger } = readStackConfig(checkout, stack, "admin");
  const password = readFileSync(
    join(stateFolder(checkout, stack), "config/services/postgres-superuser"),
    "utf8",
  ).trim();
  const server = createPool(
    { ...ledger, user: "postgres", password, database: "postgres" },
    "test",
    1,
  );
  await server.query("drop database ledger with (force)");
  await server.end();
  // A stack that starts makes what is missing; a service that is merely restarted does not.
  await killAll();
  await startAgain();
}

async function gridata(checkout: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(join(checkout, "gridata"), [...args, "--json"]);
  return JSON.parse(stdout) as Record<string, unknown>;
}
