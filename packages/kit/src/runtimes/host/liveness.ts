/** Is a service that runs still there for others? A process that takes connections and gives no answer is not. */
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "../../toolchain/process.ts";

/** A machine that was suspended, or is busy with something large, makes anyone silent for a while. */
const usual = { everyMs: 5_000, silentTimes: 4 };

/** `ended`; or what is missing when it was silent too often in a row; null when the stack ends. */
export async function untilGone(
  identity: ProcessIdentity,
  ask: () => Promise<string | null>,
  signal: AbortSignal,
  /** Tells at once of the end of a child of this process. */
  end: AbortSignal,
  { everyMs, silentTimes } = usual,
): Promise<string | null> {
  const wake = AbortSignal.any([signal, end]);

  let silent = 0;
  for (let next = performance.now() + everyMs; ;) {
    if (signal.aborted) return null;
    if (end.aborted || !isAlive(identity)) return "ended";
    if (performance.now() >= next) {
      const missing = await ask();
      silent = missing === null ? 0 : silent + 1;
      if (missing !== null && silent >= silentTimes && isAlive(identity)) return missing;
      next = performance.now() + everyMs;
    }
    await sleep(Math.min(200, everyMs), undefined, { signal: wake }).catch(() => {});
  }
}
