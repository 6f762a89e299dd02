/** What the kernel says of sockets that listen, and who holds them. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

export const listening = () =>
  ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A")
      .map((fields) => {
        // As the kernel writes it.
        const [address = "", port = ""] = fields[1]!.split(":");
        return { address, port: Number.parseInt(port, 16), inode: fields[9]! };
      }),
  );

/** Inodes of the sockets that a process has open. */
export function socketsOf(pid: number): string[] {
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
