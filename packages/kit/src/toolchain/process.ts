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

function stat(pid: number): { state: string; startTicks: number } | null {
  const fields = statFields(pid);
  return fields && { state: fields[0] ?? "", startTicks: Number(fields[19]) };
}

/** Sends SIGKILL to a process and all that is left of its group. */
export function killGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}

export function identityOf(pid: number = process.pid): ProcessIdentity | null {
  const found = stat(pid);
  return found && { pid, startTicks: found.startTicks, bootId: bootId() };
}

/** False for a process that ended, even when it has not been reaped or its pid has been given to another. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  const found = stat(identity.pid);
  return found !== null && found.state !== "Z" && found.startTicks === identity.startTicks;
}
