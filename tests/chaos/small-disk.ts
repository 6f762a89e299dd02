/** A disk so small that a test can fill it to the last byte. Mounting it takes root. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join, relative } from "node:path";

export interface SmallDisk extends Disposable {
  fill(): void;
  /** There is room again. */
  clear(): void;
}

export function smallDisk(dir: string, megabytes: number): SmallDisk {
  if (process.getuid?.() !== 0)
    throw new Error("a disk that a test may fill is mounted by root alone: run this one as root");
  mkdirSync(dir, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", dir]);
  const ballast = join(dir, ".ballast");
  return {
    fill() {
      const file = openSync(ballast, "a");
      try {
        for (let size = 1 << 20; size > 0;)
          try {
            writeSync(file, Buffer.alloc(size));
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
            size >>= 1;
          }
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]: () => unmount(dir),
  };
}

/** Takes away the small disks at and below a folder: a run that was killed leaves its own. */
export function unmountBelow(dir: string): void {
  const places = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "/");
  for (const place of places.toReversed())
    if (!relative(dir, place).startsWith("..")) unmount(place);
}

const unmount = (dir: string) => void execFileSync("umount", ["--lazy", dir]);
