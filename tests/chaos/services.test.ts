/** F01, F03-F05, F08-F12, F15, F33: a service is killed while a batch is at a named point. */
import { describe, it } from "vitest";
import { killService, serviceBack } from "@gridata/testkit";
import { between, scene } from "./scene.ts";

const stage = scene();

/** Service, and the point at which the batch stands meanwhile. */
const deaths: [string, string, string][] = [
  ["F01", "spark", "process.commit:before"],
  ["F03", "spark", "process.commit:after"],
  ["F04", "spark", "publish.commit:after"],
  ["F05", "airflow-scheduler", "process.commit:before"],
  ["F08", "airflow-api", "process.commit:before"],
  ["F12", "s3", "process.commit:before"],
  ["F14", "catalog", "publish.commit:before"],
  ["F15", "postgres", "publish.commit:after"],
  ["F15", "postgres", "process.commit:before"],
  ["steps", "steps", "process.commit:after"],
];

describe("killed while a step stands at a point", () => {
  it.each(deaths)("%s: %s at %s", async (id, service, point) => {
    const { world } = stage;
    const fault = await world.arm(`${point}:pause`);
    await stage.drop(`${id} ${service} ${point.replace(/\W/g, " ")}.csv`);
    const pid = await fault.hit();
    const killed = await killService(service);
    if (!world.processGone(pid)) process.kill(pid, "SIGCONT");
    await serviceBack(service, killed);
    await stage.holds({ deadline: 200 });
  });
});

describe("killed while files drop", () => {
  it.each([
    ["F09", "kafka"],
    ["F11", "s3"],
    ["F15", "postgres"],
  ])("%s: %s", async (id, service) => {
    const killed = await killService(service);
    for (let i = 0; i < 3; i++) await stage.drop(`${id} ${service} ${i}.csv`, 20);
    await serviceBack(service, killed);
    await stage.holds({ deadline: 200 });
  });
});

describe("F33: an outage that outlasts every retry, then heals", () => {
  it.each([
    ["the catalog, for the pipeline", "catalog", /^/],
    ["the catalog, for Spark's commits", "catalog", /add-snapshot/],
    ["the store, for the pipeline", "s3", /^/],
  ] as const)("%s", async (name, service, body) => {
    const { world } = stage;
    const { proxy, back } = await between(world, "pipeline", service);
    try {
      const outage = proxy.inject(
        "failing",
        (seen) => seen.path.includes(`/${world.name}/`) && body.test(seen.body),
        Infinity,
      );
      const file = `F33 ${name}.csv`;
      await stage.drop(file, 20);
      // An unknown failure is given five.
      await world.eventually("six attempts", async () => {
        const [delivery] = await world.deliveries(file);
        return delivery?.batch_id && (await world.attempts(delivery.batch_id)).length >= 6;
      });
      outage.end();
      await stage.holds();
    } finally {
      await back();
    }
  });
});
