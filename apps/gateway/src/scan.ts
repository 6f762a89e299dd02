/** One listing of a world's drop folder: what to take now, and when to look at the rest again. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readPath, requestName, type Place } from "./folders.ts";
import { decide } from "./stability.ts";
import type { WriterProbe } from "./writer.ts";

export interface Scan {
  ready: { place: Place; path: string }[];
  misplaced: { path: string; why: string }[];
  /** Milliseconds until the first of those that are not ready is to be looked at again; null when there is none. */
  lookAgainMs: number | null;
}

const deepest = 4;

export async function scan(dir: string, probe: WriterProbe, now = Date.now()): Promise<Scan> {
  const found: Scan = { ready: [], misplaced: [], lookAgainMs: null };
  await visit(dir, []);
  return found;

  async function visit(folder: string, above: string[]): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(ifGone);
    const names = new Set(entries.map(({ name }) => name));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      const parts = [...above, entry.name];
      if (entry.isDirectory()) {
        if (!entry.name.startsWith(".") && parts.length < deepest) await visit(path, parts);
        continue;
      }
      const reading = readPath(parts);
      if (reading.kind === "ignored") continue;
      if (reading.kind === "misplaced") found.misplaced.push({ path, why: reading.why });
      else if (!entry.isFile()) found.misplaced.push({ path, why: "it is not a regular file" });
      else await look(path, reading.place, names.has(requestName(entry.name)));
    }
  }

  async function look(path: string, place: Place, requested: boolean): Promise<void> {
    try {
      const { size, ctimeMs } = await lstat(path);
      const decision = decide({ size, writer: probe(path), quietMs: now - ctimeMs, requested });
      if (decision.take) found.ready.push({ place, path });
      else found.lookAgainMs = Math.min(found.lookAgainMs ?? Infinity, decision.lookAgainMs);
    } catch (error) {
      ifGone(error as NodeJS.ErrnoException);
    }
  }
}

function ifGone(error: NodeJS.ErrnoException): [] {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
  return [];
}
