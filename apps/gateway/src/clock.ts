/** Arrival times: milliseconds since the epoch that never decrease, over restarts and clocks that are set back. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** The last time is kept in `file`. Every call gives a later one, so that arrival alone orders what one gateway took. */
export function arrivalClock(file: string, now: () => number = Date.now): () => number {
  mkdirSync(dirname(file), { recursive: true });
  let last = 0;
  try {
    last = Number.parseInt(readFileSync(file, "utf8"), 10) || 0;
  } catch {
    // The first start.
  }
  return () => {
    last = Math.max(last + 1, now());
    writeFileSync(`${file}.tmp`, String(last));
    renameSync(`${file}.tmp`, file);
    return last;
  };
}
