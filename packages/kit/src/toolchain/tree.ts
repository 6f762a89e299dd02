/** Files of a folder: listing, hashing, write protection, removal. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";

/** Relative paths of all files and links below `dir`, in byte order. Links are not followed. */
export function listFiles(dir: string): string[] {
  const found: string[] = [];
  const visit = (prefix: string) => {
    for (const entry of readdirSync(join(dir, prefix), { withFileTypes: true })) {
      const path = prefix ? `${prefix}/${entry.name}` : entry.name;
      if (entry.isDirectory()) visit(path);
      else found.push(path);
    }
  };
  visit("");
  return found.toSorted();
}

const chunk = Buffer.allocUnsafe(1 << 20);

/** sha256 (hex) of a file's bytes; of a link, its target after `->`. */
export function hashFile(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `->${readlinkSync(path)}`;
  const hash = createHash("sha256");
  if (stat.size <= chunk.length) return hash.update(readFileSync(path)).digest("hex");
  const file = openSync(path, "r");
  try {
    for (let n = readSync(file, chunk); n > 0; n = readSync(file, chunk))
      hash.update(chunk.subarray(0, n));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

/** Takes the write bits from files, then from folders, `dir` itself last. */
export function protect(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) protect(path);
    else if (entry.isFile()) chmodSync(path, lstatSync(path).mode & 0o555);
  }
  chmodSync(dir, 0o555);
}

/** Removes a folder, protected or not. It is fine when there is none. */
export function remove(dir: string): void {
  const unlock = (at: string) => {
    chmodSync(at, 0o755);
    for (const entry of readdirSync(at, { withFileTypes: true }))
      if (entry.isDirectory()) unlock(join(at, entry.name));
  };
  try {
    if (lstatSync(dir).isDirectory()) unlock(dir);
  } catch {
    return;
  }
  rmSync(dir, { recursive: true, force: true });
}
