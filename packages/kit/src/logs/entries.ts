/** Lines of one service's log as entries: what belongs together is one, in the order of writing. Pure. */
import { stripVTControlCharacters } from "node:util";
import { readHead, timeOfBlock, type LogLevel } from "./forms.ts";

export interface Entry {
  /** RFC 3339 in UTC with milliseconds; null: the line has none. */
  time: string | null;
  service: string;
  level: LogLevel | null;
  message: string;
  /** `world batch attempt delivery` and whatever else the line says. */
  fields: Record<string, unknown>;
  /** Where it stands among entries of other services: its time, else that of the entry before it. Milliseconds. */
  at: number;
}

export interface Assembler {
  /** Entries that are complete once this line is known. */
  push(line: string): Entry[];
  /** The entry that was waiting for more of its lines. */
  flush(): Entry[];
}

/** A stack trace of 10,000 lines is one entry; a program that never writes a known form must not make one without end. */
const longest = 10_000;

/** `before`: where entries stand that come ahead of any time. */
export function assembler(service: string, before = 0): Assembler {
  let lines: string[] = [];

  function flush(): Entry[] {
    while (lines.length > 0 && lines.at(-1)!.trim() === "") lines.pop();
    if (lines.length === 0) return [];
    const [first, ...more] = lines as [string, ...string[]];
    const rest = more.map((line) => `\n${line}`).join("");
    lines = [];
    const { time, level, message, fields } = readHead(first) ?? {
      ...{ time: null, message: first, fields: {} },
      level: first.startsWith("Traceback") ? ("error" as const) : null,
    };
    const own = time ?? timeOfBlock(first + rest);
    if (own) before = Date.parse(own);
    return [{ time: own, service, level, message: message + rest, fields, at: before }];
  }

  return {
    flush,
    push(raw) {
      const line = stripVTControlCharacters(raw.trimEnd());
      if (lines.length > 0 && lines.length < longest && continues(lines, line)) {
        lines.push(line);
        return [];
      }
      const done = flush();
      if (line.trim() !== "") lines.push(line);
      return done;
    },
  };
}

const sentence =
  /^(During handling of|The above exception|Caused by:|\.\.\. \d+ more|Traceback \()/;

function continues(lines: readonly string[], line: string): boolean {
  if (/^\s*$/.test(line) || /^\s/.test(line) || sentence.test(line)) return true;
  if (readHead(line)) return false;
  // The store's blocks end with a blank line; a trace ends with the name of the exception.
  if (lines[0]!.startsWith("API: ")) return lines.at(-1) !== "";
  return lines.some((l) => l.startsWith("Traceback (")) && /^\s/.test(lines.at(-1)!);
}

/** Entries without any time before them stand where the first one with a time does. */
export function settle(entries: Entry[]): Entry[] {
  const first = entries.find(({ at }) => at > 0)?.at ?? 0;
  for (const entry of entries) if (entry.at === 0) entry.at = first;
  return entries;
}

/** By time over all services; the entries of one service keep their order. */
export const merge = (services: readonly Entry[][]): Entry[] =>
  services.flat().toSorted((a, b) => a.at - b.at);

export interface Wanted {
  /** Milliseconds since the epoch. */
  since?: number;
  /** Ids of a batch or a delivery: an entry that names one of them, however its program does. */
  ids?: readonly string[];
}

export const isWanted = (entry: Entry, { since, ids }: Wanted): boolean =>
  (since === undefined || entry.at >= since) &&
  (ids === undefined || ids.some((id) => names(entry, id)));

function names(entry: Entry, id: string): boolean {
  const { batch, delivery } = entry.fields;
  return batch === id || delivery === id || entry.message.includes(id) || inFields(entry, id);
}

const inFields = ({ fields }: Entry, id: string) =>
  Object.values(fields).some((value) => typeof value === "string" && value.includes(id));
