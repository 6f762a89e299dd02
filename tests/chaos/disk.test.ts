/** F21: a disk is full: that of the whole stack, with the drop folder and the store on it; Spark's local folder alone. */
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { smallDisk, unmountBelow, type SmallDisk } from "./small-disk.ts";

// A stack of its own, all of whose state lies on a small disk.
const checkout = join(import.meta.dirname, "../..");
const stack = "full";
process.env["GRIDATA_STACK"] = stack;
const { killService, serviceBack } = await import("@gridata/testkit");
const { dataset, scene } = await import("./scene.ts");
const state = stateFolder(checkout, stack);
const run = async (...words: string[]) =>
  JSON.parse(
    (await promisify(execFile)(join(checkout, "gridata"), [...words, "--stack", stack, "--json"]))
      .stdout,
  ) as { services: { name: string; state: string; error?: { code: string } }[] };

let disk: SmallDisk;
beforeAll(async () => {
  await run("down");
  unmountBelow(state);
  await run("down", "--purge");
  disk = smallDisk(state, 1500);
  await run("dev");
});
// Runs after that of the scene, whose world is closed in the stack.
afterAll(async () => {
  await run("down");
  disk?.[Symbol.dispose]();
  rmSync(state, { recursive: true, force: true });
});
const stage = scene();

it("F21: the disk of drop folder, store and ledger, with files in flight", async () => {
  const { world } = stage;
  const fault = await world.arm("process.commit:before:pause");
  await stage.drop("F21 0.csv", 40);
  const pid = await fault.hit();
  disk.fill();
  process.kill(pid, "SIGCONT");
  const file = stage.file(5_000);
  const path = join(await world.datasetDir(dataset), "F21 1.csv");
  expect(() => writeFileSync(path, file.bytes)).toThrow(/ENOSPC/);
  // Postgres can't start without room: the stack says what it is that is missing.
  await killService("postgres");
  await world.eventually("the stack to name the disk as the cause", async () =>
    (await run("status")).services.some(({ error }) => error?.code === "DISK_FULL"),
  );
  disk.clear();
  // Whoever copied it was told, and does it again.
  stage.expect(file);
  writeFileSync(`${path}.part`, file.bytes);
  await promisify(execFile)("mv", [`${path}.part`, path]);
  await world.eventually("all services to be ready again", async () =>
    (await run("status")).services.every((service) => service.state === "ready"),
  );
  await stage.holds({ deadline: 300 });
});

it("F21: Spark's local folder alone", async () => {
  const { world } = stage;
  using scratch = smallDisk(join(state, "data/spark/scratch"), 64);
  // Its folders of before lie beneath.
  await serviceBack("spark", await killService("spark"));
  scratch.fill();
  await stage.drop("F21 spark.csv", 400);
  const namesDisk = async () => {
    const [delivery] = await world.deliveries("F21 spark.csv");
    if (!delivery?.batch_id) return null;
    const attempts = await world.attempts(delivery.batch_id);
    return attempts.some(({ error }) => error?.code === "DISK_FULL") && delivery.batch_id;
  };
  const batch = await world.eventually("an attempt that names the disk", namesDisk, {
    deadline: 200,
  });
  // More than an unknown failure is given: the file is not to blame, and is not parked.
  await world.eventually("six attempts", async () => (await world.attempts(batch)).length >= 6, {
    deadline: 200,
  });
  scratch.clear();
  await stage.holds({ deadline: 200 });
});
