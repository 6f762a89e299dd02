/** The lid is closed for an hour with a batch in flight: clocks jump, connections are dead, leases and heartbeats ran out. */
import { it } from "vitest";
import { inDatabase, severConnections, suspend } from "@gridata/testkit";
import { scene } from "./scene.ts";

const stage = scene();
const hour = "interval '1 hour'";

it.each(["validate.raw:after", "process.commit:before", "publish.commit:after"])(
  "suspended at %s",
  async (point) => {
    const { world } = stage;
    const fault = await world.arm(`${point}:pause`);
    await stage.drop(`suspended ${point.replace(/\W/g, " ")} 0.csv`);
    const pid = await fault.hit();
    await stage.drop(`suspended ${point.replace(/\W/g, " ")} 1.csv`, 40);
    // The database stays awake for as long as its clocks are put back: what the others see is that theirs went on.
    const sleeping = suspend(world, ["postgres"]);
    try {
      await inDatabase(
        world,
        "ledger",
        `update ledger.batch set lease_until = lease_until - ${hour} where lease_until is not null`,
      );
      await inDatabase(
        world,
        "airflow",
        `update job set latest_heartbeat = latest_heartbeat - ${hour} where state = 'running'`,
        `update task_instance set last_heartbeat_at = last_heartbeat_at - ${hour} where state = 'running'`,
      );
      severConnections(world);
    } finally {
      sleeping.wake();
    }
    await stage.holds({ deadline: 300 });
    await world.eventually(
      `the step of before the sleep (${pid}) to go on to its end, or to find that its attempt is over`,
      () => world.processGone(pid),
    );
  },
);
