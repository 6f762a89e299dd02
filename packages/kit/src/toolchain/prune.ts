/** Takes out of the cache what nobody needs: entries of other lock files, and what builds left that did not end well. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, join } from "node:path";
import { tools } from "./catalogue.ts";
import { keyer } from "./key.ts";
import { tryLock } from "./lock.ts";
import { holdNeeds, leased, neededByCheckouts, type EntryName } from "./needs.ts";
import { cachePaths, cacheRoot } from "./paths.ts";
import { cleanEnv } from "./registry.ts";
import { remove } from "./tree.ts";
import type { ToolName } from "./types.ts";

export interface Pruned {
  removed: { what: "tool" | "leftover" | "log"; name: string; path: string; size_bytes: number }[];
  freed_bytes: number;
  /** Entries that this checkout has no use for, and who has. */
  kept: { name: string; path: string; needed_by: string }[];
}

export async function prune(
  checkout: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Pruned> {
  const cache = cacheRoot(env);
  const own = ownEntries(checkout, cache, env);
  const found: Pruned = { removed: [], freed_bytes: 0, kept: [] };
  const away: string[] = [];
  const held = await holdNeeds(cache);
  try {
    const others = new Map([...neededByCheckouts(cache), ...leased(cache)]);
    for (const entry of entriesOf(cache)) {
      const path = join(cachePaths.tools(cache), entry);
      const owner = others.get(entry);
      if (own.has(entry)) continue;
      if (owner) {
        found.kept.push({ name: entry, path, needed_by: owner });
        continue;
      }
      const size = whenFree(cache, entry.replace("/", "-"), () => {
        const bytes = sizeOf(path);
        away.push(moveAway(cache, entry, path));
        rmSync(cachePaths.stamp(cache, ...parts(entry)), { force: true });
        return bytes;
      });
      if (size !== null) found.removed.push({ what: "tool", name: entry, path, size_bytes: size });
    }
  } finally {
    held.release();
  }
  // Only renames are done under the lock: to remove a gigabyte takes a while.
  for (const path of away) remove(path);
  found.removed.push(...leftovers(cache), ...logs(cache));
  found.freed_bytes = found.removed.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  return found;
}

/** What this checkout's lock files and sources ask for now. Without a Python no key of its environments is known. */
function ownEntries(checkout: string, cache: string, env: NodeJS.ProcessEnv): Set<EntryName> {
  const keyOf = keyer({ checkout, cache, env: cleanEnv(env) });
  return new Set((Object.keys(tools) as ToolName[]).map((name) => `${name}/${keyOf(name)}`));
}

const entriesOf = (cache: string): EntryName[] =>
  list(cachePaths.tools(cache)).flatMap((name) =>
    list(join(cachePaths.tools(cache), name)).map((key) => `${name}/${key}`),
  );
const parts = (entry: EntryName) => entry.split("/") as [ToolName, string];

/** A folder below `work/` says whose it is: `[discarded-]<name>-<key>.<pid>...` */
const workName = /^(?:discarded-)?(.+-[0-9a-f]{20})\./;

function leftovers(cache: string): Pruned["removed"] {
  const work = cachePaths.work(cache);
  return list(work).flatMap((file) => {
    const build = workName.exec(file)?.[1];
    const path = join(work, file);
    const size = build === undefined ? null : whenFree(cache, build, () => removed(path));
    return size === null ? [] : [{ what: "leftover" as const, name: file, path, size_bytes: size }];
  });
}

/** Of a tool that is in, nobody reads how it was made; of one that failed the log is where the error points. */
function logs(cache: string): Pruned["removed"] {
  const made = new Set(entriesOf(cache).map((entry) => entry.replace("/", "-")));
  const dir = join(cache, "logs");
  return list(dir).flatMap((file) => {
    const path = join(dir, file);
    const build = basename(file, ".log");
    if (!made.has(build) && !isOld(path)) return [];
    const size = whenFree(cache, build, () => removed(path));
    return size === null ? [] : [{ what: "log" as const, name: file, path, size_bytes: size }];
  });
}

const isOld = (path: string) => Date.now() - lstatSync(path).mtimeMs > 7 * 86_400_000;

/** Null when a process is making that tool just now: it holds the lock, however long it takes. */
function whenFree(cache: string, build: string, work: () => number): number | null {
  const held = tryLock(cachePaths.lock(cache, build));
  if (!held) return null;
  try {
    return work();
  } finally {
    held.release();
  }
}

function moveAway(cache: string, entry: EntryName, path: string): string {
  const [name, key] = parts(entry);
  const to = join(cachePaths.work(cache), `discarded-${name}-${key}.${process.pid}.${Date.now()}`);
  mkdirSync(cachePaths.work(cache), { recursive: true });
  // A folder that is moved to another parent must be writable itself.
  chmodSync(path, 0o755);
  renameSync(path, to);
  return to;
}

function removed(path: string): number {
  const bytes = sizeOf(path);
  remove(path);
  rmSync(path, { force: true });
  return bytes;
}

function sizeOf(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

const list = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : []);
