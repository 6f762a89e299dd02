/** What the kernel says of processes and sockets, for tests that look behind a stack's back. */
import { readFileSync, readdirSync } from "node:fs";
import { listening, socketsOf } from "@gridata/kit/leaks/sockets";

export interface Listener {
  /** As the kernel writes it. */
  address: string;
  port: number;
  /** The leader of the process group that holds the socket. */
  leader: number;
}

/** All sockets that listen, of processes in the groups of these leaders. */
export function listenersOf(leaders: ReadonlySet<number>): Listener[] {
  const members = processes().filter(({ group }) => leaders.has(group));
  const holders = new Map(
    members.flatMap(({ pid, group }) => socketsOf(pid).map((inode) => [inode, group] as const)),
  );
  return listening().flatMap(({ inode, ...rest }) => {
    const leader = holders.get(inode);
    return leader === undefined ? [] : [{ ...rest, leader }];
  });
}

const processes = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [{ pid: Number(name), group: Number(fields[2]) }];
      } catch {
        return [];
      }
    });
