import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "./wait.ts";

export interface Failpoint {
  /** Waits until a process reached the point; its pid. The process killed or stopped itself right after. */
  hit(deadline?: number): Promise<number>;
  disarm(): Promise<void>;
}

/**
 * Arms `<component>.<point>:<before|after>:<kill|pause>` once in a running stack, for one world. The process that reaches the
 * point renames the file to `.hit`, writes its pid into it, and stops there: a test that reads the pid knows that the fault
 * happened at this point and nowhere else.
 */
export async function armFailpoint(
  runDir: string,
  spec: string,
  world: string,
  onHit: (pid: number) => void,
): Promise<Failpoint> {
  const dir = join(runDir, "failpoints");
  await mkdir(dir, { recursive: true });
  const armed = join(dir, `${spec}@${world}`);
  const hit = `${armed}.hit`;
  await rm(hit, { force: true });
  await writeFile(`${armed}.tmp`, "");
  await rename(`${armed}.tmp`, armed);
  return {
    hit: (deadline = 120) =>
      until(
        `a process to reach failpoint ${spec} in world ${world}`,
        async () => {
          const pid = Number.parseInt(await readFile(hit, "utf8").catch(() => ""), 10);
          if (pid) onHit(pid);
          return pid || undefined;
        },
        { deadline },
      ),
    disarm: async () => {
      await rm(armed, { force: true });
      await rm(hit, { force: true });
    },
  };
}
