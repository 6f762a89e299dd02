import { setTimeout as pause } from "node:timers/promises";
import { KitError, Exit } from "@gridata/kit/model";

export interface UntilOptions {
  /** Seconds; the wait fails loudly after them. */
  deadline?: number;
  /** Milliseconds between two looks. */
  every?: number;
  /** What to say of the last look when the deadline passes. */
  seen?: () => unknown;
}

/**
 * Waits until `look` returns something other than undefined, null or false, and returns it. No test sleeps: it names the
 * condition on which it waits and how long that may take.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  { deadline = 60, every = 50, seen }: UntilOptions = {},
): Promise<T> {
  const end = performance.now() + deadline * 1000;
  let failure: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found;
      failure = undefined;
    } catch (error) {
      if (error instanceof KitError && error.code === "WAIT_IS_OVER") throw error;
      failure = error;
    }
    if (performance.now() > end) break;
    await pause(every);
  }
  const last = failure ?? seen?.();
  throw new KitError({
    code: "DEADLINE_PASSED",
    what: `waited ${deadline} s for ${what}`,
    why: last === undefined ? "it did not come true" : `last seen: ${describe(last)}`,
    exit: Exit.deadline,
    cause: failure,
  });
}

function describe(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string"
    ? value
    : JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v));
}
