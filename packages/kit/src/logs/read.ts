/** Entries of a log file: its end, or all of it when one looks for something. */
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { createInterface } from "node:readline";
import { assembler, isWanted, settle, type Entry, type Wanted } from "./entries.ts";

const firstWindow = 128 << 10;

/**
 * The last `count` entries that are wanted, all of them without a `count`; also of the part that was cut off and lies beside the log.
 * Where the file ends is given, so that one who follows it from there misses nothing.
 */
export async function readEntries(
  path: string,
  service: string,
  wanted: Wanted,
  count: number | null,
): Promise<{ entries: Entry[]; end: number }> {
  const found = await readFile(path, service, wanted, count);
  const missing = count === null ? null : count - found.entries.length;
  if (missing === 0 || !existsSync(`${path}.1`)) return found;
  const before = await readFile(`${path}.1`, service, wanted, missing);
  return { ...found, entries: [...before.entries, ...found.entries] };
}

async function readFile(
  path: string,
  service: string,
  wanted: Wanted,
  count: number | null,
): Promise<{ entries: Entry[]; end: number }> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return { entries: [], end: 0 };
  }
  try {
    const end = wholeLines(file);
    if (wanted.ids) return { entries: await search(path, service, wanted, count, end), end };
    for (let window = firstWindow; ; window *= 4) {
      const from = Math.max(0, end - window);
      const entries = settle(parse(textOf(file, from, end), service, from > 0));
      const enough =
        (count !== null && entries.length >= count) ||
        (wanted.since !== undefined && entries[0] !== undefined && entries[0].at < wanted.since);
      if (from > 0 && !enough) continue;
      const found = entries.filter((entry) => isWanted(entry, wanted));
      return { entries: count === null ? found : count === 0 ? [] : found.slice(-count), end };
    }
  } finally {
    closeSync(file);
  }
}

async function search(
  path: string,
  service: string,
  wanted: Wanted,
  count: number | null,
  end: number,
): Promise<Entry[]> {
  const found: Entry[] = [];
  if (end === 0) return found;
  const lines = assembler(service);
  const keep = (entries: Entry[]) => {
    for (const entry of entries) if (isWanted(entry, wanted)) found.push(entry);
    if (count !== null && found.length > count) found.splice(0, found.length - count);
  };
  const stream = createReadStream(path, { end: end - 1 });
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity }))
    keep(lines.push(line));
  keep(lines.flush());
  return settle(found);
}

function parse(text: string, service: string, cut: boolean): Entry[] {
  const lines = text.split("\n");
  // The window begins in the midst of a line.
  if (cut) lines.shift();
  const entries = assembler(service);
  return [...lines.flatMap((line) => entries.push(line)), ...entries.flush()];
}

function textOf(file: number, from: number, to: number): string {
  const bytes = Buffer.alloc(to - from);
  let read = 0;
  while (read < bytes.length) {
    const n = readSync(file, bytes, read, bytes.length - read, from + read);
    if (n === 0) break;
    read += n;
  }
  return bytes.subarray(0, read).toString();
}

/** Up to and with the last line end: what comes after it is still being written. */
function wholeLines(file: number): number {
  let end = fstatSync(file).size;
  const bytes = Buffer.alloc(64 << 10);
  while (end > 0) {
    const from = Math.max(0, end - bytes.length);
    const n = readSync(file, bytes, 0, end - from, from);
    const at = bytes.subarray(0, n).lastIndexOf(10);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return 0;
}
