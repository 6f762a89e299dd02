/** What a benchmark says. */
export interface Measure {
  name: string;
  /** Empty for a number of things. */
  unit: "s" | "cpu s" | "MB" | "MB/s" | "files/min" | "batches" | "";
  /** Median of the runs. */
  value: number;
  runs: number[];
  ratio_to: string | null;
  ratio: number | null;
}

export function measure(
  name: string,
  unit: Measure["unit"],
  runs: number[],
  beside?: { to: string; ratio: number },
): Measure {
  const { to = null, ratio = null } = beside ?? {};
  return { name, unit, value: median(runs), runs, ratio_to: to, ratio };
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
