/** What the machine says of itself just now. */
import { readFileSync, statfsSync } from "node:fs";

export function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** How many processes the kernel killed for want of memory since boot: of this control group if it counts them, else of all. */
export function oomKills(): number {
  for (const path of ["/sys/fs/cgroup/memory.events", "/proc/vmstat"])
    try {
      const found = /^oom_kill (\d+)/m.exec(readFileSync(path, "utf8"));
      if (found) return Number(found[1]);
    } catch {
      // No such file on this kernel.
    }
  return 0;
}
