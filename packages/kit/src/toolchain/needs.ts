/**
 * Who needs which entries of the cache: checkouts by what decides their keys, live stacks by what their processes run. And which ports
 * live stacks have, among them those that no server listens on yet.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { lock } from "./lock.ts";
import { cachePaths } from "./paths.ts";
import { isAlive, type ProcessIdentity } from "./process.ts";
import type { ToolHandle, ToolName } from "./types.ts";

/** `<name>/<key>`, as the entry lies below `tools/`. */
export type EntryName = string;

interface CheckoutRecord {
  checkout: string;
  /** The key of each tool when the checkout last asked for it. */
  keys: Partial<Record<ToolName, string>>;
}

interface LeaseFile {
  owner: string;
  processes: ProcessIdentity[];
  entries: EntryName[];
  ports?: number[];
}

/** Held while records are written or ports chosen, and while prune reads them and takes entries away: none sees half of another's work. */
export const holdNeeds = (cache: string, signal?: AbortSignal) =>
  lock(cachePaths.lock(cache, "needs"), { signal });

/** Notes what a checkout needs. Nothing is written, and nothing waited for, when that is known already. */
export async function recordCheckout(
  cache: string,
  checkout: string,
  keys: CheckoutRecord["keys"],
  signal?: AbortSignal,
): Promise<void> {
  const path = join(cachePaths.checkouts(cache), fileName(checkout));
  const isKnown = (record: CheckoutRecord | null) =>
    Object.entries(keys).every(([name, key]) => record?.keys[name as ToolName] === key);
  if (isKnown(read<CheckoutRecord>(path))) return;
  const held = await holdNeeds(cache, signal);
  try {
    const before = read<CheckoutRecord>(path);
    write(path, { checkout, keys: { ...before?.keys, ...keys } } satisfies CheckoutRecord);
  } finally {
    held.release();
  }
}

/** The entries of every checkout that is still there; a record of one that is gone is removed. */
export function neededByCheckouts(cache: string): Map<EntryName, string> {
  const needed = new Map<EntryName, string>();
  for (const [path, record] of records<CheckoutRecord>(cachePaths.checkouts(cache)))
    if (existsSync(join(record.checkout, "toolchain")))
      for (const [name, key] of Object.entries(record.keys))
        needed.set(`${name}/${key}`, `checkout ${record.checkout}`);
    else rmSync(path, { force: true });
  return needed;
}

export interface Lease {
  tool(handle: Pick<ToolHandle, "name" | "key">): void;
  process(identity: ProcessIdentity): void;
  ports(ports: readonly number[]): void;
  end(): void;
}

/** A lease lasts as long as one of its processes: services outlive their supervisor. `state` is the stack's state folder. */
export function leaseTools(cache: string, state: string, owner: string): Lease {
  const path = join(cachePaths.leases(cache), fileName(state));
  const before = read<LeaseFile>(path);
  const processes = (before?.processes ?? []).filter(isAlive);
  const lease: LeaseFile = {
    ...{ owner, processes },
    entries: processes.length > 0 ? before!.entries : [],
    ports: before?.ports ?? [],
  };
  return {
    tool({ name, key }) {
      const entry = `${name}/${key}`;
      // What the machine brought has no key and is not in the cache.
      if (key === null || lease.entries.includes(entry)) return;
      lease.entries.push(entry);
      write(path, lease);
    },
    process(identity) {
      lease.processes = [...lease.processes.filter(isAlive), identity];
      write(path, lease);
    },
    ports(ports) {
      lease.ports = [...ports];
      write(path, lease);
    },
    end: () => rmSync(path, { force: true }),
  };
}

/** The ports of live stacks, but for the one whose state folder is `state`. */
export const leasedPorts = (cache: string, state: string): number[] =>
  [...liveLeases(cache)].flatMap(([path, { ports }]) =>
    basename(path) === fileName(state) ? [] : (ports ?? []),
  );

/** The entries of live leases. */
export function leased(cache: string): Map<EntryName, string> {
  const held = new Map<EntryName, string>();
  for (const [, { owner, entries }] of liveLeases(cache))
    for (const entry of entries) held.set(entry, owner);
  return held;
}

/** One of which no process lives is removed. */
function* liveLeases(cache: string): Generator<[path: string, lease: LeaseFile]> {
  for (const [path, lease] of records<LeaseFile>(cachePaths.leases(cache)))
    if (lease.processes.some(isAlive)) yield [path, lease];
    else rmSync(path, { force: true });
}

const fileName = (path: string) =>
  `${createHash("sha256").update(path).digest("hex").slice(0, 16)}.json`;

function* records<T>(dir: string): Generator<[path: string, record: T]> {
  for (const file of existsSync(dir) ? readdirSync(dir) : []) {
    const path = join(dir, file);
    const record = file.endsWith(".json") ? read<T>(path) : null;
    if (record) yield [path, record];
  }
}

function read<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return null;
  }
}

function write(path: string, content: object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(content));
  renameSync(`${path}.${process.pid}`, path);
}
