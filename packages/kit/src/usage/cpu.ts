/** Processor seconds of the processes of a stack, all of each service's group. */
import { processes } from "../toolchain/process.ts";

/** Clock ticks of `/proc/<pid>/stat` in a second. */
const ticks = 100;

/** Seconds that the groups of these leaders used so far, children that ended included. */
export function cpuSeconds(leaders: ReadonlySet<number>): number {
  let sum = 0;
  for (const [, fields] of processes()) {
    if (!leaders.has(Number(fields[2]))) continue;
    // utime, stime, and those of children that were waited for.
    for (const at of [11, 12, 13, 14]) sum += Number(fields[at]);
  }
  return sum / ticks;
}
