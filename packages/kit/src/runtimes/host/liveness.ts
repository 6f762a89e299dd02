/** Is a service that runs still there for others? A process that takes connections and gives no answer is not. */
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "../../toolchain/process.ts";

/** A machine that was suspended, or is busy with something large, makes anyone silent for a while. */
const usual = { everyMs: 5_000, silentTimes: 4 };

/** `silent` too often in a row; `lost`: what its tasks made is gone, which needs no second look. */
export type Gone = { how: "ended" } | { how: "silent" | "lost"; why: string };

interface Questions {
  /** What is missing of a sign of life. */
  alive(): Promise<string | null>;
  /** What is gone of that which its tasks made. */
  lost(): Promise<string | null>;
}

/** Null when the stack ends. */
export async function untilGone(
  identity: ProcessIdentity,
  ask: Questions,
  signal: AbortSignal,
  /** Tells at once of the end of a child of this process. */
  end: AbortSignal,
  { everyMs, silentTimes } = usual,
): Promise<Gone | null> {
  const wake = AbortSignal.any([signal, end]);

  let silent = 0;
  for (let next = performance.now() + everyMs; ;) {
    if (signal.aborted) return null;
    if (end.aborted || !isAlive(identity)) return { how: "ended" };
    if (performance.now() >= next) {
      const missing = await ask.alive();
      silent = missing === null ? 0 : silent + 1;
      if (missing !== null && silent >= silentTimes && isAlive(identity))
        return { how: "silent", why: missing };
      const lost = await ask.lost();
      if (lost !== null && isAlive(identity)) return { how: "lost", why: lost };
      next = performance.now() + everyMs;
    }
    await sleep(Math.min(200, everyMs), undefined, { signal: wake }).catch(() => {});
  }
}
