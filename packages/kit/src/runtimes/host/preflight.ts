/** Has the machine what a stack takes? Looked at before anything starts. The judgement is pure. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import type { Profile, ServiceDef } from "../../model/service.ts";
import { freeBytes } from "./machine-facts.ts";

export interface MachineFacts {
  /** Of the machine or of this control group, whichever is less; null where it is not told. */
  memoryBytes: number | null;
  memoryFreeBytes: number | null;
  diskFreeBytes: number | null;
  inotifyWatches: number | null;
  openFiles: number | null;
}

export interface Shortage {
  code: "MEMORY_SHORT" | "DISK_SHORT" | "WATCHES_SHORT" | "FILES_SHORT";
  /** Nothing is started. Else it is said and gone on. */
  fatal: boolean;
  what: string;
  fix: string;
}

const mb = 2 ** 20;
const gb = 2 ** 30;
/** Up to this a machine gets the small profile; one "of 8 GB" says a little less. */
const smallMachine = 9 * gb;
const leastDisk = 1 * gb;
const goodDisk = 5 * gb;
const leastWatches = 4_096;
const leastFiles = 4_096;

export const profileFor = ({ memoryBytes }: Pick<MachineFacts, "memoryBytes">): Profile =>
  memoryBytes !== null && memoryBytes < smallMachine ? "small" : "normal";

export function shortages(
  facts: MachineFacts,
  services: readonly Pick<ServiceDef, "memoryMb">[],
  profile: Profile,
): Shortage[] {
  const found: Shortage[] = [];
  const say = (shortage: Shortage) => found.push(shortage);
  const needed = services.reduce((sum, service) => sum + service.memoryMb[profile], 0) * mb;
  const free = facts.memoryFreeBytes;
  if (free !== null && free < needed) {
    const less = profile === "small" ? "" : ", or use `--profile small`";
    say({
      ...{ code: "MEMORY_SHORT", fatal: free < needed / 2 },
      what: `${size(free)} of memory are free, these services take about ${size(needed)}`,
      fix: `close what uses memory${less}, or start fewer: \`./gridata dev --only s3,catalog,spark\``,
    });
  }
  const disk = facts.diskFreeBytes;
  if (disk !== null && disk < goodDisk)
    say({
      ...{ code: "DISK_SHORT", fatal: disk < leastDisk },
      what: `${size(disk)} are free where the stack keeps its data`,
      fix: `free some space: ${size(goodDisk)} are comfortable, below ${size(leastDisk)} nothing is started; \`./gridata doctor --prune\` removes tools that nothing needs`,
    });
  if (facts.inotifyWatches !== null && facts.inotifyWatches < leastWatches)
    say({
      ...{ code: "WATCHES_SHORT", fatal: false },
      what: `this system allows ${facts.inotifyWatches} watched folders (fs.inotify.max_user_watches): changes are found later, by listing`,
      fix: "sudo sysctl fs.inotify.max_user_watches=524288",
    });
  if (facts.openFiles !== null && facts.openFiles < leastFiles)
    say({
      ...{ code: "FILES_SHORT", fatal: facts.openFiles < leastFiles / 4 },
      what: `a process may open ${facts.openFiles} files, the store and the broker want ${leastFiles}`,
      fix: `raise the hard limit: \`ulimit -Hn ${leastFiles * 16}\` as root, or in /etc/security/limits.conf`,
    });
  return found;
}

export function machineFacts(folder: string): MachineFacts {
  const meminfo = read("/proc/meminfo");
  const available = number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1], 1024);
  const limit = number(/^(\d+)\s*$/.exec(read("/sys/fs/cgroup/memory.max"))?.[1]);
  const used = number(/^(\d+)\s*$/.exec(read("/sys/fs/cgroup/memory.current"))?.[1]);
  const left = limit !== null && used !== null ? limit - used : Infinity;
  return {
    memoryBytes: Math.min(totalmem(), limit ?? Infinity),
    memoryFreeBytes: available === null ? null : Math.min(available, left),
    diskFreeBytes: freeBytes(folder),
    inotifyWatches: number(read("/proc/sys/fs/inotify/max_user_watches").trim() || undefined),
    openFiles: number(/^Max open files\s+\S+\s+(\d+)/m.exec(read("/proc/self/limits"))?.[1]),
  };
}

const number = (text: string | undefined, times = 1): number | null =>
  text === undefined ? null : Number(text) * times;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const size = (bytes: number): string =>
  bytes < gb ? `${(bytes / mb).toFixed(0)} MB` : `${(bytes / gb).toFixed(1)} GB`;
