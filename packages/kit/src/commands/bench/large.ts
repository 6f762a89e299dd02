/** One CSV of 1 GiB on the whole road, beside DuckDB's and Spark's own reading of it in the same run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../command.ts";
import { measure, median, type Measure } from "./measure.ts";
import { watchMemory } from "../../usage/memory.ts";
import { readCsv } from "./read-csv.ts";
import { onTheRoad } from "./road.ts";
import { sparkAppend } from "./spark.ts";
import { gibibyte, writeTransactions } from "./transactions.ts";
import { needRoad, servicePids } from "./world.ts";

type Sample = Record<string, number>;

const spark = "warm Spark Connect";
const texts = "DuckDB alone, as texts";

export async function benchLarge(context: Context, runs: number): Promise<Measure[]> {
  needRoad(context);
  const work = mkdtempSync(join(tmpdir(), "gridata-bench-"));
  const samples: Sample[] = [];
  try {
    const file = join(work, "bench.csv");
    await writeTransactions(file, gibibyte, 0);
    for (let run = 1; run <= runs; run++) {
      const memory = watchMemory(servicePids(context));
      const road = await onTheRoad(context, file);
      const peaks = memory.stop();
      const read = await readCsv(context, "text", file, work);
      const sample: Sample = {
        ...road,
        "peak memory of all services": peaks.all / 1e6,
        "peak memory of the step host": peaks.of("steps") / 1e6,
        "peak memory of Spark": peaks.of("spark") / 1e6,
        [texts]: read.seconds,
        [`${texts}, cpu`]: read.cpu,
        ...(await sparkAppend(context, file, gibibyte, work, "warm")),
      };
      context.say(
        `run ${run}: drop to commit ${sample["drop to commit"]!.toFixed(1)} s, ${spark} ${sample[spark]!.toFixed(1)} s`,
      );
      samples.push(sample);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const values = (name: string) => samples.map((sample) => sample[name]!);
  return Object.keys(samples[0]!).map((name) =>
    measure(
      name,
      name.startsWith("peak") ? "MB" : name.endsWith("cpu") ? "cpu s" : "s",
      values(name),
      name === "drop to commit"
        ? { to: spark, ratio: median(values(name)) / median(values(spark)) }
        : undefined,
    ),
  );
}
