/** Drop to commit, hop by hop, beside Spark alone doing the same append: cold and warm. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../command.ts";
import { measure, median, type Measure } from "./measure.ts";
import { onTheRoad } from "./road.ts";
import { sparkAppend } from "./spark.ts";
import { writeTransactions } from "./transactions.ts";
import { needRoad } from "./world.ts";

interface Size {
  name: string;
  records: number;
}

const sizes: readonly Size[] = [
  { name: "1 MB", records: 14_500 },
  { name: "100 MB", records: 1_450_000 },
];

type Sample = Record<string, number>;

export async function benchDrop(context: Context, runs: number): Promise<Measure[]> {
  needRoad(context);
  const measures: Measure[] = [];
  for (const size of sizes) {
    const samples: Sample[] = [];
    // The first round loads classes; it is no measurement.
    for (let run = 0; run <= runs; run++) {
      const sample = await round(context, size, run);
      context.say(`${size.name}, ${run === 0 ? "warm-up" : `run ${run}`}: ${describe(sample)}`);
      if (run > 0) samples.push(sample);
    }
    for (const name of Object.keys(samples[0]!)) {
      const values = (of: string) => samples.map((sample) => sample[of]!);
      const reference = name.startsWith("drop to commit")
        ? name.replace("drop to commit", "cold spark-submit")
        : null;
      measures.push(
        measure(
          `${size.name}: ${name}`,
          name.endsWith("cpu") ? "cpu s" : "s",
          values(name),
          reference === null
            ? undefined
            : {
                to: `${size.name}: ${reference}`,
                ratio: median(values(name)) / median(values(reference)),
              },
        ),
      );
    }
  }
  return measures;
}

const describe = (sample: Sample) =>
  Object.entries(sample)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(", ");

/** The three in turn, each into a fresh table of a world of its own. */
async function round(context: Context, { records }: Size, run: number): Promise<Sample> {
  const work = mkdtempSync(join(tmpdir(), "gridata-bench-"));
  try {
    const file = join(work, "bench.csv");
    await writeTransactions(file, records, run * records);
    return {
      ...(await onTheRoad(context, file)),
      ...(await sparkAppend(context, file, records, work, "warm")),
      ...(await sparkAppend(context, file, records, work, "cold")),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
