/** One check: what it promises, how many things it looked at, and what it found wrong with them. Pure. */
import type { Facts } from "./facts.ts";

export type Invariant = "I1" | "I2" | "I3" | "I4" | "I8";

export interface Finding {
  /** What it is about: a delivery, batch, snapshot or object. */
  subject: string;
  why: string;
}

export interface CheckResult {
  name: string;
  invariant: Invariant;
  /** What holds when nothing was found. */
  promise: string;
  looked_at: number;
  /** `empty`: there was nothing to look at, which proves nothing. */
  state: "passed" | "failed" | "empty";
  findings: Finding[];
}

export interface Look {
  /** Looks at one thing; `why` it is wrong, or null. */
  at(subject: string, why: string | null): void;
}

export interface Check {
  name: string;
  invariant: Invariant;
  promise: string;
  run(facts: Facts, look: Look): void;
}

export function runCheck({ name, invariant, promise, run }: Check, facts: Facts): CheckResult {
  let lookedAt = 0;
  const findings: Finding[] = [];
  run(facts, {
    at(subject, why) {
      lookedAt++;
      if (why !== null) findings.push({ subject, why });
    },
  });
  const state = findings.length > 0 ? "failed" : lookedAt > 0 ? "passed" : "empty";
  return { name, invariant, promise, looked_at: lookedAt, state, findings };
}

/** Findings that both looks had: what was only under way is gone in the second. */
export function confirmed(first: CheckResult[], second: CheckResult[]): CheckResult[] {
  return second.map((result) => {
    const before = new Set(
      first.find(({ name }) => name === result.name)?.findings.map(({ subject }) => subject),
    );
    const findings = result.findings.filter(({ subject }) => before.has(subject));
    const passed = result.looked_at > 0 ? "passed" : "empty";
    return { ...result, findings, state: findings.length > 0 ? "failed" : passed };
  });
}
