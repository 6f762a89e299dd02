/** Random faults for so many minutes: which, where and when comes from the seed alone, so that a seed that failed strikes alike. */
import { expect, it } from "vitest";
import { killService, Random, serviceBack } from "@gridata/testkit";
import { scene, seed } from "../chaos/scene.ts";

const minutes = Number(process.env["GRIDATA_SOAK_MINUTES"] ?? 1);
const random = new Random(seed);

const points = [
  ...["gateway.take", "gateway.upload", "gateway.remove"],
  ...["dispatcher.list", "dispatcher.claim", "dispatcher.run", "dispatcher.unstage"],
  ...["validate.raw", "process.commit", "publish.commit"],
] as const;
const services = [
  ...["gateway", "dispatcher", "steps", "kafka", "s3", "catalog", "spark", "postgres"],
  ...["airflow-api", "airflow-scheduler"],
] as const;

const stage = scene();

it(
  `seed ${seed}: ${minutes} minutes of faults, and every file is published once`,
  { timeout: (minutes + 10) * 60_000 },
  async () => {
    const end = performance.now() + minutes * 60_000;
    let round = 0;
    do {
      round++;
      const about = `soak ${seed} round ${round}`;
      const files = random.int(1, 4);
      const point = `${random.pick(points)}:${random.pick(["before", "after"])}:kill`;
      const service = random.next() < 0.5 ? random.pick(services) : null;
      console.log(`${about}: ${files} files, ${point}, ${service ?? "no service"} killed`);
      const fault = await stage.world.arm(point);
      for (let i = 0; i < files; i++) await stage.drop(`${about} ${i}.csv`, 60);
      await fault.hit(120);
      if (service) await serviceBack(service, await killService(service));
      await stage.holds({ deadline: 300 });
    } while (performance.now() < end);
    expect(round).toBeGreaterThan(0);
  },
);
