/** What a stack rehearses with: a file of the kit's own contract (`packages/kit/contracts`), in a world of its own. */
import { randomBytes } from "node:crypto";
import { kitDomain } from "../model/names.ts";

export const rehearsed = { domain: kitDomain, dataset: "warmup" } as const;
const prefix = "warmup_";

/** Its own for each start: what an earlier one left can't be in the way. */
export const newWorld = (kind: string): string =>
  `${prefix}${kind}_${randomBytes(5).toString("hex")}`;
export const isRehearsal = (world: string): boolean => world.startsWith(prefix);

const rows = 300;

/** Rows of several days and buckets, so that more than one file is written. */
export function rehearsalFile(): Buffer {
  const lines = Array.from(
    { length: rows },
    (_, i) =>
      `W${i},${i},2026-01-0${(i % 3) + 1}T10:00:${String(i % 60).padStart(2, "0")}Z,${i}.25,${i % 2 === 0}`,
  );
  return Buffer.from(`id,number,happened_at,amount,flag\n${lines.join("\n")}\n`);
}
