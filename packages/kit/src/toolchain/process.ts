/** Who a process is. A pid alone is not enough: it is used again, and a reboot starts over. */
import { readFileSync, readdirSync } from "node:fs";

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks between boot and the start of the process (`/proc/<pid>/stat`, field 22). */
  startTicks: number;
  bootId: string;
}

export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** Fields of `/proc/<pid>/stat` from the state on; null when there is no such process. */
export function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name is in brackets and may itself hold brackets and blanks.
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** Every process of the machine with its fields, as `statFields` has them: [1] is its parent, [2] its group. */
export function* processes(): Generator<[pid: number, fields: string[]]> {
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : null;
    if (fields) yield [Number(name), fields];
  }
}

const startTicksOf = (fields: string[]) => Number(fields[19]);

/**
 * A killed program with many threads is a zombie as soon as its first one ended, and holds its ports and locks until the last one
 * has: only a zombie with no thread but its first is one that ended.
 */
export const runs = (fields: string[]) => fields[0] !== "Z" || Number(fields[17]) > 1;

/** Sends SIGKILL to the group that a process leads or led. Whether the pid is still of that process is the caller's to know. */
export function killGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}

export function identityOf(pid: number = process.pid): ProcessIdentity | null {
  const fields = statFields(pid);
  return fields && { pid, startTicks: startTicksOf(fields), bootId: bootId() };
}

/** False for a process that ended, even when it has not been reaped or its pid has been given to another. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  const fields = statFields(identity.pid);
  return fields !== null && startTicksOf(fields) === identity.startTicks && runs(fields);
}

/**
 * Pids of what runs of the group that a process leads or led. A group keeps its leader's pid from being given away: who has it now and is
 * not the leader shows that the group is gone, and may lead another one.
 */
export function groupOf({ pid, startTicks, bootId: boot }: ProcessIdentity): number[] {
  if (boot !== bootId()) return [];
  const leader = statFields(pid);
  if (leader && startTicksOf(leader) !== startTicks) return [];
  return [...processes()].flatMap(([member, fields]) =>
    Number(fields[2]) === pid && runs(fields) ? member : [],
  );
}
