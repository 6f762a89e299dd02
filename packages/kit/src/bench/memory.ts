/** Proportional set size of services: shared pages are counted once over all processes. */
import { readFileSync, readdirSync } from "node:fs";
import { statFields } from "../toolchain/process.ts";

/** Bytes by leader: of its group, and of its children that lead groups of their own. */
export function pssBytes(leaders: readonly number[]): Map<number, number> {
  const parents = new Map<number, { parent: number; group: number }>();
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : null;
    if (fields) parents.set(Number(name), { parent: Number(fields[1]), group: Number(fields[2]) });
  }
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
