/** F06, F25, F26 and the steps of F01-F04: a process of ours dies or stops at a named point. */
import { describe, expect, it } from "vitest";
import { scene } from "./scene.ts";

const sides = (component: string, ...points: string[]) =>
  points.flatMap((point) => [`${component}.${point}:before`, `${component}.${point}:after`]);

const kills = [
  ["F06", sides("dispatcher", "list", "claim", "run", "event", "unstage")],
  ["F25", sides("gateway", "take", "upload", "compare", "remove")],
  ["F01-F04 step", [...sides("process", "commit"), ...sides("publish", "commit", "close")]],
] as const;

describe.each(kills)("%s: killed", (id, points) => {
  const stage = scene();
  it.each(points)("at %s", async (point) => {
    const fault = await stage.world.arm(`${point}:kill`);
    await stage.drop(`${id} ${point.replace(/\W/g, " ")}.csv`);
    const pid = await fault.hit();
    await stage.world.eventually(`process ${pid} to be gone`, () => stage.world.processGone(pid));
    await stage.holds();
  });
});

describe("F26: attempt 1 is stopped, attempt 2 publishes, attempt 1 goes on", () => {
  const stage = scene();
  it.each([
    "validate.raw:before",
    "validate.raw:after",
    "process.commit:before",
    "process.commit:after",
    "publish.commit:before",
    "publish.commit:after",
  ])("at %s", async (point) => {
    const { world } = stage;
    const name = `F26 ${point.replace(/\W/g, " ")}.csv`;
    const fault = await world.arm(`${point}:pause`);
    await stage.drop(name);
    const pid = await fault.hit();
    const delivery = await world.verdict(name, { deadline: 120 });
    expect(delivery.state).toBe("published");
    expect(world.processGone(pid)).toBe(false);
    process.kill(pid, "SIGCONT");
    await world.eventually(`attempt 1 (${pid}) to stop by itself`, () => world.processGone(pid));
    expect((await world.attempts(delivery.batch_id!)).length).toBeGreaterThan(1);
    await stage.holds();
  });
});
