/** The validator with every guard on, beside DuckDB alone that reads the same file as texts: alternating, each in its own process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../command.ts";
import { measure, median, type Measure } from "./measure.ts";
import { readCsv, type Reading } from "./read-csv.ts";
import { gibibyte, writeTransactions } from "./transactions.ts";

export async function benchValidate(context: Context, runs: number): Promise<Measure[]> {
  const work = mkdtempSync(join(tmpdir(), "gridata-bench-"));
  try {
    const file = join(work, "bench.csv");
    const bytes = await writeTransactions(file, gibibyte, 0);
    const ours: Reading[] = [];
    const theirs: Reading[] = [];
    for (let run = 1; run <= runs; run++) {
      theirs.push(await readCsv(context, "text", file, work));
      ours.push(await readCsv(context, "validator", file, work));
      const said = [ours, theirs].map((of) => `${of.at(-1)!.seconds.toFixed(1)} s`);
      context.say(`run ${run}: validator ${said[0]}, DuckDB alone ${said[1]}`);
    }
    return [...measures("validator", ours, bytes, theirs), ...measures(alone, theirs, bytes)];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const alone = "DuckDB alone, as texts";

/** Ratios are of speeds: what the reference takes / what this takes. */
function measures(name: string, of: Reading[], bytes: number, beside?: Reading[]): Measure[] {
  const speed = (reading: Reading[]) => reading.map(({ seconds }) => bytes / 1e6 / seconds);
  const cpu = (reading: Reading[]) => reading.map((one) => one.cpu);
  return [
    measure(
      name,
      "MB/s",
      speed(of),
      beside && { to: alone, ratio: median(speed(of)) / median(speed(beside)) },
    ),
    measure(
      `${name}, cpu`,
      "cpu s",
      cpu(of),
      beside && { to: `${alone}, cpu`, ratio: median(cpu(beside)) / median(cpu(of)) },
    ),
    measure(
      `${name}, peak memory`,
      "MB",
      of.map((one) => one.peak_bytes / 1e6),
    ),
  ];
}
