/**
 * Whether anybody has a file open for writing, asked of the kernel: a read lease (fcntl F_SETLEASE) is granted only when nobody
 * does, shared writable mappings counted. It is given back at once.
 */
import { closeSync, constants, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import type { Writer } from "./stability.ts";

const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;

export type WriterProbe = (path: string) => Writer;

/**
 * A probe for files on the file system of `dir`. Some (network, 9p) know no leases or refuse every one; then the answer is
 * always `unknown`.
 */
export function writerProbe(dir: string): { probe: WriterProbe; leases: boolean } {
  const lease = leaseProbe();
  mkdirSync(dir, { recursive: true });
  const sample = join(dir, `.lease-${process.pid}`);
  writeFileSync(sample, "");
  const open = openSync(sample, "r+");
  try {
    const whileOpen = lease(sample);
    closeSync(open);
    const leases = whileOpen === "writing" && lease(sample) === "none";
    return { probe: leases ? lease : () => "unknown", leases };
  } finally {
    rmSync(sample, { force: true });
  }
}

function leaseProbe(): WriterProbe {
  if (process.platform !== "linux") return () => "unknown";
  // A writer that comes while the lease is held makes the kernel send SIGIO, whose default is to end the process.
  process.on("SIGIO", () => {});
  const fcntl = koffi.load("libc.so.6").func("int fcntl(int fd, int cmd, ...)");
  return (path) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (fcntl(fd, F_SETLEASE, "int", F_RDLCK) === 0) {
        fcntl(fd, F_SETLEASE, "int", F_UNLCK);
        return "none";
      }
      return koffi.errno() === koffi.os.errno["EAGAIN"] ? "writing" : "unknown";
    } finally {
      closeSync(fd);
    }
  };
}
