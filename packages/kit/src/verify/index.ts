/** Every invariant of a world, over lake, ledger, objects and receipts. */
import { setTimeout as pause } from "node:timers/promises";
import type { Facts } from "./facts.ts";
import { conserved, noOrphan } from "./kept.ts";
import { nothingLeft } from "./left.ts";
import { confirmed, runCheck, type CheckResult } from "./look.ts";
import { audited, exactlyOnce } from "./published.ts";

export type { CheckResult, Finding } from "./look.ts";

const checks = [...exactlyOnce, ...noOrphan, ...conserved, ...audited, ...nothingLeft];

export const verifyFacts = (facts: Facts): CheckResult[] =>
  checks.map((check) => runCheck(check, facts));

/** Facts are read one after the other while the system goes on: what only one of two looks sees was under way. */
const secondLookMs = 3_000;

export async function verify(read: () => Promise<Facts>): Promise<CheckResult[]> {
  const first = verifyFacts(await read());
  if (first.every(({ state }) => state !== "failed")) return first;
  await pause(secondLookMs);
  return confirmed(first, verifyFacts(await read()));
}
