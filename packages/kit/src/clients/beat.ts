/** A sign of life for the supervisor: a file that is touched as long as this process takes turns. */
import { writeFileSync } from "node:fs";

const everyMs = 2_000;

export function beat(path: string | undefined = process.env["GRIDATA_BEAT"]): void {
  if (!path) return;
  const touch = () => {
    try {
      writeFileSync(path, "");
    } catch {
      // A full disk is said elsewhere; the process must go on.
    }
  };
  touch();
  setInterval(touch, everyMs).unref();
}
