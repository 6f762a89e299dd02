/** Logs stay small. Programs write to the open file, so it is cut in place; what was in it lies beside it until the next time. */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readSync,
  readdirSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** docs/retention.md says this figure too. */
const mostBytes = 32 << 20;

/** True when it was cut. Every writer appends: it goes on at the new end. */
export function limitLog(path: string, most = mostBytes): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= most) return false;
  const log = openSync(path, "r+");
  const kept = openSync(`${path}.1`, "w", 0o600);
  try {
    const chunk = Buffer.allocUnsafe(1 << 20);
    for (let n = readSync(log, chunk); n > 0; n = readSync(log, chunk))
      writeSync(kept, chunk, 0, n);
    // Nobody waits between the end and the cut: a line is lost only if it is written within microseconds.
    ftruncateSync(log, 0);
  } finally {
    closeSync(kept);
    closeSync(log);
  }
  return true;
}

export function limitLogs(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (name.endsWith(".log")) limitLog(join(folder, name));
}
