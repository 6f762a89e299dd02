/** Who a process is. A pid alone is not enough: it is used again, and a reboot starts over. */
import { readFileSync } from "node:fs";

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

function stat(pid: number): { state: string; startTicks: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name is in brackets and may itself hold brackets and blanks.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", startTicks: Number(fields[19]) };
  } catch {
    return null;
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
