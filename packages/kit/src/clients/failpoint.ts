/**
 * Failpoints: a test makes a process die or stop at a named point. docs/architecture.md, "Failpoints". Off, a point costs one
 * comparison; in a stack whose folder for them exists, a few renames that fail.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Side = "before" | "after";
const faults = { kill: "SIGKILL", pause: "SIGSTOP" } as const;

export interface Failpoints {
  /** Marks that the process is at this side of the point; it may not come back. */
  at(point: string, side: Side, world?: string): void;
  /** Runs `work` with both sides marked. */
  around<T>(point: string, world: string | undefined, work: () => Promise<T>): Promise<T>;
}

export function failpoints(
  component: string,
  environment: NodeJS.ProcessEnv = process.env,
  strike: (signal: "SIGKILL" | "SIGSTOP") => void = (signal) => process.kill(process.pid, signal),
): Failpoints {
  const armed = environment["GRIDATA_FAILPOINT"];
  const dir = environment["GRIDATA_FAILPOINTS_DIR"];

  function at(point: string, side: Side, world?: string): void {
    if (!armed && !dir) return;
    for (const [fault, signal] of Object.entries(faults)) {
      const spec = `${component}.${point}:${side}:${fault}`;
      if (armed === spec || (dir && take(dir, spec, world))) strike(signal);
    }
  }
  return {
    at,
    async around(point, world, work) {
      at(point, "before", world);
      const result = await work();
      at(point, "after", world);
      return result;
    },
  };
}

/** True when a file had armed the point: renamed, so that exactly one process takes it. */
function take(dir: string, spec: string, world: string | undefined): boolean {
  for (const name of world === undefined ? [spec] : [`${spec}@${world}`, spec]) {
    try {
      renameSync(join(dir, name), join(dir, `${name}.hit`));
    } catch {
      continue;
    }
    writeFileSync(join(dir, `${name}.hit`), String(process.pid));
    return true;
  }
  return false;
}
