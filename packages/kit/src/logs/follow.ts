/** What is written to log files from now on, across their rotation, removal and return. */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { assembler, isWanted, merge, type Entry, type Wanted } from "./entries.ts";

const everyMs = 200;
const chunk = Buffer.allocUnsafe(256 << 10);

export interface Followed {
  path: string;
  service: string;
  /** Bytes that were read already. */
  end: number;
}

/** Gives new entries, merged by time, until `signal`. */
export async function follow(
  files: readonly Followed[],
  wanted: Wanted,
  signal: AbortSignal,
  give: (entries: Entry[]) => void,
): Promise<void> {
  const tails = files.map(openTail);
  try {
    while (!signal.aborted) {
      const entries = merge(tails.map((tail) => tail.look())).filter((e) => isWanted(e, wanted));
      if (entries.length > 0) give(entries);
      await pause(everyMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    for (const tail of tails) tail.close();
  }
}

function openTail({ path, service, end }: Followed) {
  let file: { fd: number; inode: number } | null = null;
  let offset = end;
  let rest = Buffer.alloc(0);
  const entries = assembler(service, Date.now());

  function open(): boolean {
    try {
      const fd = openSync(path, "r");
      file = { fd, inode: fstatSync(fd).ino };
      return true;
    } catch {
      return false;
    }
  }

  function close(): void {
    if (file) closeSync(file.fd);
    file = null;
  }

  /** All whole lines from `offset` on. */
  function drain(): Entry[] {
    const found: Entry[] = [];
    for (;;) {
      const n = readSync(file!.fd, chunk, 0, chunk.length, offset);
      if (n === 0) return found;
      offset += n;
      rest = Buffer.concat([rest, chunk.subarray(0, n)]);
      const whole = rest.lastIndexOf(10) + 1;
      const lines = rest.subarray(0, whole).toString().split("\n").slice(0, -1);
      found.push(...lines.flatMap((line) => entries.push(line)));
      rest = rest.subarray(whole);
    }
  }

  function startAgain(): void {
    offset = 0;
    rest = Buffer.alloc(0);
  }

  return {
    close,
    /** A further line may belong to the last entry: it is given once a look finds nothing new. */
    look(): Entry[] {
      if (!file && !open()) return entries.flush();
      // Cut short in place: what is in it now is all new.
      if (fstatSync(file!.fd).size < offset) startAgain();
      const before = offset;
      const found = drain();
      const now = statSync(path, { throwIfNoEntry: false });
      if (now?.ino !== file!.inode) {
        // Renamed or removed: to its end it was read just now; a new one is read from its start.
        close();
        startAgain();
        found.push(...entries.flush());
        if (open()) found.push(...drain());
      } else if (offset === before) found.push(...entries.flush());
      return found;
    },
  };
}
