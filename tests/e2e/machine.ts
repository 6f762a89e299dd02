/** What the kernel says of processes and sockets, for tests that look behind a stack's back. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

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

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ""];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

const listening = () =>
  ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A")
      .map((fields) => {
        const [address = "", port = ""] = fields[1]!.split(":");
        return { address, port: Number.parseInt(port, 16), inode: fields[9]! };
      }),
  );
