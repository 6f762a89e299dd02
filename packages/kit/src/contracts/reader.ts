/** What every part of the compiler reads a contract with, and tells problems to. */
import { closest } from "../model/text.ts";
import type { Problem, Source } from "./source.ts";

export type Path = readonly (string | number)[];
export type Members = Record<string, unknown>;

export const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
/** A text, number or truth value as it is written; null for anything else. */
export const textOf = (value: unknown): string | null =>
  ["string", "number", "boolean"].includes(typeof value) ? String(value) : null;

export interface Reader {
  readonly root: unknown;
  readonly problems: Problem[];
  /** Columns that could not be read: a problem is told of each, and one more each time it is named would help nobody. */
  readonly unread: Set<string>;
  /** Tells a problem; the place is the deepest part of the path that exists. */
  fail(path: Path, code: string, what: string, fix: string): null;
  /** One of the known words; another one is a problem, with the nearest one as the fix. */
  word<T extends string>(path: Path, value: unknown, known: readonly T[], fallback: T): T;
  /** Members that mean nothing here. */
  noOthers(path: Path, members: Members, known: readonly string[]): void;
  /** A number as the file spells it, with all of its digits. */
  spelled(path: Path, value: unknown): string | null;
}

export function readerOf(source: Source): Reader {
  const problems: Problem[] = [];
  const reader: Reader = {
    root: source.value,
    problems,
    unread: new Set(),
    fail(path, code, what, fix) {
      problems.push(source.at(path, code, what, fix));
      return null;
    },
    word(path, value, known, fallback) {
      if (value === undefined) return fallback;
      const found = known.find((one) => one === value);
      if (found !== undefined) return found;
      reader.fail(
        path,
        "CONTRACT_WORD_UNKNOWN",
        `'${String(value)}' is not one of ${known.join(", ")}`,
        didYouMean(String(value), known) ?? `write one of ${known.join(", ")}`,
      );
      return fallback;
    },
    noOthers(path, members, known) {
      for (const name of Object.keys(members))
        if (!known.includes(name))
          reader.fail(
            [...path, name],
            "CONTRACT_WORD_UNKNOWN",
            `'${name}' means nothing here`,
            didYouMean(name, known) ?? `known are ${known.join(", ")}`,
          );
    },
    spelled: (path, value) => source.spelled(path) ?? textOf(value),
  };
  return reader;
}

/** The column of that name; a problem under `code` when there is none. */
export function columnOf<C extends { name: string }>(
  reader: Reader,
  path: Path,
  code: string,
  name: string,
  columns: readonly C[],
): C | null {
  const found = columns.find((column) => column.name === name);
  if (found || reader.unread.has(name)) return found ?? null;
  const names = columns.map((column) => column.name);
  return reader.fail(
    path,
    code,
    `'${name}' is not a column`,
    didYouMean(name, names) ?? `known are ${names.join(", ")}`,
  );
}

export function didYouMean(word: string, known: readonly string[]): string | null {
  const near = closest(word, known);
  return near === null ? null : `did you mean '${near}'?`;
}
