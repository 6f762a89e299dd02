/** F10, F22, F34: what a machine does to a stack: a folder is gone, everything stops at once, nobody watches. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { killAll, killService, killSupervisor, serviceBack, startAgain } from "@gridata/testkit";
import { scene } from "./scene.ts";

const stage = scene();
const inState = (path: string) => join(stateFolder(stage.world.checkout, stage.world.stack), path);

/** Files, the first of which stands before its commit while the others wait; its process. */
async function inFlight(prefix: string, files: number): Promise<number> {
  const fault = await stage.world.arm("process.commit:before:pause");
  await stage.drop(`${prefix} 0.csv`, 40);
  const pid = await fault.hit();
  for (let i = 1; i < files; i++) await stage.drop(`${prefix} ${i}.csv`, 20);
  return pid;
}

it("F10: Kafka loses its log folder, with files in flight", async () => {
  const pid = await inFlight("F10", 2);
  rmSync(inState("data/kafka/log"), { recursive: true, force: true });
  const killed = await killService("kafka");
  for (let i = 0; i < 2; i++) await stage.drop(`F10 later ${i}.csv`, 20);
  process.kill(pid, "SIGCONT");
  await serviceBack("kafka", killed);
  await stage.holds();
  // Topic, users and rights are there again: what comes now is announced.
  await stage.dropAnnounced("F10 last");
  await stage.holds();
});

it("F22: everything is killed at once and started again, with 20 files in flight", async () => {
  const pid = await inFlight("F22", 20);
  await killAll();
  await startAgain();
  expect(stage.world.processGone(pid)).toBe(true);
  await stage.holds({ deadline: 300 });
});

it("F34: the supervisor is killed and a service dies while nobody watches", async () => {
  const pid = await inFlight("F34", 3);
  killSupervisor();
  const killed = await killService("gateway");
  await stage.drop("F34 unwatched.csv", 20);
  process.kill(pid, "SIGCONT");
  await startAgain();
  await serviceBack("gateway", killed);
  await stage.holds();
});

it("F34: the machine reboots: sockets and pid files stay, and a pid in one is somebody else's now", async () => {
  await inFlight("F34 reboot", 3);
  await killAll();
  const mine = String(process.pid);
  const lock = inState("data/postgres/cluster/postmaster.pid");
  writeFileSync(lock, readFileSync(lock, "utf8").replace(/^\d+/, mine));
  for (const name of ["supervisor", "catalog"]) {
    const record = inState(`run/${name}.json`);
    writeFileSync(record, readFileSync(record, "utf8").replace(/"pid":\d+/, `"pid":${mine}`));
  }
  await startAgain();
  await stage.holds({ deadline: 300 });
});
