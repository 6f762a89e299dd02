/** The machine is suspended for an hour: clocks have jumped, leases ran out, connections are dead. All of it heals by itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { suspend } from "@gridata/testkit";
import { scene } from "./scene.ts";

const stage = scene();

/** Above the sessions of Kafka's consumers (6 s), the ledger's leases (15 s), four silent probes (20 s). */
const longerThanAnySession = 30;

interface Status {
  state: string;
  services: { name: string; state: string }[];
}
const status = (): Status => {
  const { checkout, stack } = stage.world;
  const file = join(stateFolder(checkout, stack), "run/status.json");
  return JSON.parse(readFileSync(file, "utf8")) as Status;
};

it.each(["process.commit:before", "publish.commit:after"])(
  "a step stands at %s, other files are on their way, and the lid closes",
  async (point) => {
    const { world } = stage;
    const about = point.replace(/\W/g, " ");
    const fault = await world.arm(`${point}:pause`);
    await stage.drop(`suspended ${about} 0.csv`, 40);
    const pid = await fault.hit();
    for (let i = 1; i < 4; i++) await stage.drop(`suspended ${about} ${i}.csv`, 20);
    // The step that stood goes on with all others: it can't know that an hour is over.
    expect(await suspend(longerThanAnySession)).toBeGreaterThan(20);
    await world.eventually(`the step that stood (${pid}) to end`, () => world.processGone(pid));
    await stage.holds({ deadline: 300 });
    await world.eventually("every service to be ready", () => status().state === "ready");
  },
);
