/** One entry of the cache: made in a work folder, published by a rename, verified before it is used. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { cachePaths } from "./paths.ts";
import { bootId } from "./process.ts";
import { hashFile, listFiles, protect, remove } from "./tree.ts";
import type { ToolHandle, ToolName, ToolSource } from "./types.ts";

/** Jars of a set lie at its root, those of Spark where its own scripts look for them. */
const classPathJar = /^(deps\/jars\/)?[^/]+\.jar$/;

const manifestName = ".gridata-entry.json";

/** Written last into an entry, so that an entry without one was never complete. */
interface Manifest {
  name: ToolName;
  key: string;
  version: string;
  source: ToolSource;
  bytes: number;
  jars: string[];
  /** Path, size in bytes, sha256 (of a link: `->target`). */
  files: [path: string, size: number, sha256: string][];
}

/**
 * What was true of the files when all of them were last read and compared. While a stamp holds, nothing wrote to
 * them: a write moves ctime, which no program can set back.
 */
interface Stamp {
  boot: string;
  handle: Omit<ToolHandle, "dir">;
  /** The manifest and the largest files; the small ones are compared once per boot. */
  files: [path: string, size: number, mtimeMs: number, ctimeMs: number][];
}

/** Enough to hold every jar, library and binary; few enough to ask for in milliseconds. */
const stampedFiles = 400;

export interface EntryId {
  cache: string;
  name: ToolName;
  key: string;
}

const entryDir = (id: EntryId) => cachePaths.entry(id.cache, id.name, id.key);
const stampPath = (id: EntryId) => cachePaths.stamp(id.cache, id.name, id.key);

/** `ready`: use it. `unsure`: something touched it, or the machine was started anew; `verify` tells. */
export type Inspection =
  | { state: "ready"; handle: ToolHandle }
  | { state: "unsure" }
  | { state: "absent" };

export function inspect(id: EntryId): Inspection {
  const dir = entryDir(id);
  if (!existsSync(join(dir, manifestName))) return { state: "absent" };
  try {
    const stamp = JSON.parse(readFileSync(stampPath(id), "utf8")) as Stamp;
    if (stamp.boot !== bootId()) return { state: "unsure" };
    for (const [path, size, mtimeMs, ctimeMs] of stamp.files) {
      const stat = lstatSync(join(dir, path));
      if (stat.size !== size || stat.mtimeMs !== mtimeMs || stat.ctimeMs !== ctimeMs)
        return { state: "unsure" };
    }
    return { state: "ready", handle: { ...stamp.handle, dir } };
  } catch {
    return { state: "unsure" };
  }
}

/** What an entry says of itself, whether or not its files were looked at since. */
export function said(id: EntryId): Pick<Manifest, "source" | "bytes"> | null {
  try {
    return JSON.parse(readFileSync(join(entryDir(id), manifestName), "utf8")) as Manifest;
  } catch {
    return null;
  }
}

/** Reads every file. Gives the handle, or the first file that isn't what was once made. */
export async function verify(id: EntryId): Promise<{ handle: ToolHandle } | { damage: string }> {
  const dir = entryDir(id);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(join(dir, manifestName), "utf8")) as Manifest;
  } catch {
    return { damage: manifestName };
  }
  const pace = pacer();
  for (const [path, size, sha256] of manifest.files) {
    try {
      if (hashFile(join(dir, path)) !== sha256) return { damage: path };
    } catch {
      return { damage: path };
    }
    await pace(size);
  }
  return { handle: stampEntry(id, manifest) };
}

/** Makes `work` the entry. The caller holds the lock of the entry and has filled the folder. */
export async function publish(
  id: EntryId,
  work: string,
  facts: { version: string; source: ToolSource },
): Promise<ToolHandle> {
  const pace = pacer();
  const files: Manifest["files"] = [];
  for (const path of listFiles(work)) {
    const { size } = lstatSync(join(work, path));
    files.push([path, size, hashFile(join(work, path))]);
    await pace(size);
  }
  const manifest: Manifest = {
    name: id.name,
    key: id.key,
    ...facts,
    bytes: files.reduce((sum, [, size]) => sum + size, 0),
    jars: files.map(([path]) => path).filter((path) => classPathJar.test(path)),
    files,
  };
  writeFileSync(join(work, manifestName), JSON.stringify(manifest));
  protect(work);
  // A folder that is moved to another parent must be writable itself.
  chmodSync(work, 0o755);
  const dir = entryDir(id);
  mkdirSync(dirname(dir), { recursive: true });
  discard(id);
  renameSync(work, dir);
  chmodSync(dir, 0o555);
  return stampEntry(id, manifest);
}

/** Takes an entry out of use. Processes that hold its files open keep them. */
export function discard(id: EntryId): void {
  const dir = entryDir(id);
  if (!existsSync(dir)) return;
  const away = join(
    cachePaths.work(id.cache),
    `discarded-${id.name}-${id.key}.${process.pid}.${Date.now()}`,
  );
  mkdirSync(dirname(away), { recursive: true });
  chmodSync(dir, 0o755);
  renameSync(dir, away);
  remove(away);
}

function stampEntry(id: EntryId, manifest: Manifest): ToolHandle {
  const dir = entryDir(id);
  const { files, ...facts } = manifest;
  const largest = files
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, stampedFiles)
    .map(([path]) => path);
  const stamp: Stamp = {
    boot: bootId(),
    handle: facts,
    files: [manifestName, ...largest].map((path) => {
      const { size, mtimeMs, ctimeMs } = lstatSync(join(dir, path));
      return [path, size, mtimeMs, ctimeMs];
    }),
  };
  const path = stampPath(id);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(stamp));
  renameSync(`${path}.${process.pid}`, path);
  return { ...facts, dir };
}

/** Hashing is synchronous; other tools' output must be read meanwhile. */
function pacer(): (bytes: number) => Promise<void> {
  let due = 0;
  return async (bytes) => {
    due += bytes + 20_000;
    if (due < 16_000_000) return;
    due = 0;
    await breathe();
  };
}
