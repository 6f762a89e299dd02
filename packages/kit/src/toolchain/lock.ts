/**
 * One builder at a time, over all processes that share the cache.
 *
 * Node has no file lock of the kernel's but SQLite's. It has what a lock file with a pid has not: it ends with its
 * holder, however that ends, and two that find a dead holder cannot both take over.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

export interface Lock {
  release(): void;
}

export function tryLock(path: string): Lock | null {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (/locked|busy/i.test(String(error))) return null;
    throw error;
  }
  writeFileSync(`${path}.owner`, String(process.pid));
  return {
    release() {
      if (database.isOpen) database.close();
    },
  };
}

/** Waits as long as another process holds the lock; `onWait` is told its pid once. */
export async function lock(
  path: string,
  options: { onWait?: (owner: string) => void; signal?: AbortSignal | undefined } = {},
): Promise<Lock> {
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const taken = tryLock(path);
    if (taken) return taken;
    if (!told) options.onWait?.(ownerOf(path));
    told = true;
    await sleep(150);
  }
}

function ownerOf(path: string): string {
  try {
    return `pid ${readFileSync(`${path}.owner`, "utf8")}`;
  } catch {
    return "another process";
  }
}
