/** What a supervisor notes of a process that it started, so that the next one recognises it as this very service. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, type ProcessIdentity } from "../../toolchain/process.ts";
import { writePrivate } from "./facts.ts";
import type { Layout } from "./layout.ts";

export interface Kept {
  identity: ProcessIdentity;
  /** Hash of its command, environment and files; another one means a restart. */
  signature: string;
  /** Where its part of the log begins. */
  logStart: number;
  /** It was ready once: the line that said so may have gone from its log. */
  ready?: boolean;
}

const recordOf = ({ run }: Layout, name: string) => join(run, `${name}.json`);

export function readKept(layout: Layout, name: string): Kept | null {
  try {
    return JSON.parse(readFileSync(recordOf(layout, name), "utf8")) as Kept;
  } catch {
    return null;
  }
}

export const writeKept = (layout: Layout, name: string, kept: Kept): void =>
  writePrivate(recordOf(layout, name), JSON.stringify(kept));

/** Whether the process that an earlier supervisor started lives. */
export function runs(layout: Layout, name: string): boolean {
  const kept = readKept(layout, name);
  return kept !== null && isAlive(kept.identity);
}
