/** Proportional set size of services: shared pages are counted once over all processes. */
import { readFileSync } from "node:fs";
import { processes } from "../toolchain/process.ts";

/** Each look costs the kernel some milliseconds a process. */
const lookEveryMs = 1_000;

/** Bytes by leader: of its group, and of its children that lead groups of their own. */
export function pssBytes(leaders: readonly number[]): Map<number, number> {
  const parents = new Map<number, { parent: number; group: number }>();
  for (const [pid, fields] of processes())
    parents.set(pid, { parent: Number(fields[1]), group: Number(fields[2]) });
  const leaderOf = (pid: number): number | null => {
    for (let at = pid; at > 1;) {
      const found = parents.get(at);
      if (leaders.includes(at)) return at;
      if (found && leaders.includes(found.group)) return found.group;
      at = found?.parent ?? 0;
    }
    return null;
  };
  const sums = new Map(leaders.map((pid) => [pid, 0]));
  for (const pid of parents.keys()) {
    const leader = leaderOf(pid);
    if (leader !== null) sums.set(leader, sums.get(leader)! + pssOf(pid));
  }
  return sums;
}

function pssOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export interface Peaks {
  /** Bytes of all together, when that was most. */
  all: number;
  of(service: string): number;
}

/** Reads now and then what services use, and keeps the most of it. Pids by name. */
export function watchMemory(services: ReadonlyMap<string, number>): { stop(): Peaks } {
  const peaks = new Map<string, number>();
  let all = 0;
  const look = () => {
    const now = pssBytes([...services.values()]);
    for (const [name, pid] of services)
      peaks.set(name, Math.max(peaks.get(name) ?? 0, now.get(pid) ?? 0));
    all = Math.max(
      all,
      [...now.values()].reduce((a, b) => a + b, 0),
    );
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  return {
    stop() {
      clearInterval(timer);
      look();
      return { all, of: (service) => peaks.get(service) ?? 0 };
    },
  };
}
