/** The waits of commands: each names what it waits for, ends with the command's deadline and on Ctrl-C. */
import { setTimeout as pause } from "node:timers/promises";
import { Exit, KitError } from "../model/errors.ts";
import type { Context } from "./command.ts";

/** Looks until `look` gives something other than null or false. `what` is asked anew when it is said. */
export async function waitUntil<T>(
  context: Pick<Context, "signal" | "timeoutSeconds" | "say">,
  what: () => string,
  look: () => Promise<T | null | false>,
): Promise<T> {
  const start = performance.now();
  const deadline = context.timeoutSeconds ?? 600;
  let nextWord = 5;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    const waited = (performance.now() - start) / 1000;
    if (waited > deadline)
      throw new KitError({
        code: "DEADLINE_PASSED",
        what: `waited ${deadline} s for ${what()}`,
        why: "it did not come true",
        fix: "`./gridata status` shows whether the services are well; `./gridata trace FILE` shows where a file is",
        exit: Exit.deadline,
      });
    if (waited > nextWord) {
      context.say(`waiting for ${what()} (${Math.round(waited)} s)`);
      nextWord *= 2;
    }
    try {
      await pause(50, undefined, { signal: context.signal });
    } catch (error) {
      throw new KitError({
        code: "INTERRUPTED",
        what: `interrupted while waiting for ${what()}`,
        exit: Exit.interrupted,
        cause: error,
      });
    }
  }
}
