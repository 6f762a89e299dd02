/** What of a run lives on on the machine: processes that carry its mark or use its folders, their ports, and the folders. */
import { existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { processes, runs, statFields } from "../toolchain/process.ts";
import type { Leak } from "./look.ts";
import { listening, socketsOf } from "./sockets.ts";

export interface Traces {
  /** `NAME=value` that every process of the run has in its environment, also one that was detached from it. */
  mark: string;
  /** Folders that nothing may use any more, and that must be gone. */
  gone: readonly string[];
  /** Folders that may be there, and must be empty. */
  empty: readonly string[];
}

export function leftOnMachine({ mark, gone, empty }: Traces): Leak[] {
  const living = processesWith(mark, gone);
  const sockets = listening();
  return [
    ...living.map(({ pid, argv }): Leak => ({ kind: "process", name: `${pid} ${argv}` })),
    ...living.flatMap(({ pid }) => {
      const own = new Set(socketsOf(pid));
      return sockets
        .filter(({ inode }) => own.has(inode))
        .map(({ port }): Leak => ({ kind: "port", name: `${port}, held by process ${pid}` }));
    }),
    ...[...gone.filter((path) => existsSync(path)), ...empty.flatMap(entriesOf)].map(
      (name): Leak => ({ kind: "folder", name }),
    ),
  ];
}

const entriesOf = (dir: string) =>
  existsSync(dir) ? readdirSync(dir).map((name) => `${dir}/${name}`) : [];

/** Neither this process nor one that it descends from. */
function processesWith(mark: string, folders: readonly string[]): { pid: number; argv: string }[] {
  const own = new Set<number>();
  for (let at = process.pid; at > 0 && !own.has(at); at = Number(statFields(at)?.[1] ?? 0))
    own.add(at);
  const uses = (text: string) =>
    folders.some((folder) => text.endsWith(folder) || text.includes(`${folder}/`));
  return [...processes()].flatMap(([pid, fields]) => {
    if (own.has(pid) || !runs(fields)) return [];
    const argv = read(pid, "cmdline").split("\0").join(" ").trim();
    const environment = read(pid, "environ").split("\0");
    return environment.includes(mark) || uses(argv) || environment.some(uses) || uses(cwdOf(pid))
      ? [{ pid, argv }]
      : [];
  });
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function cwdOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, "");
  } catch {
    return "";
  }
}
