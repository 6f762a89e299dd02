/** When a file's writer is done. Pure: what was seen of the file goes in, what to do comes out. */

/** `none`: the system says that nobody has it open for writing. `unknown`: it can't tell. */
export type Writer = "none" | "writing" | "unknown";

export interface Observation {
  size: number;
  writer: Writer;
  /** Milliseconds since the file last changed in any way. */
  quietMs: number;
  /** `drop` put it there whole and left a request beside it. */
  requested: boolean;
}

export type Decision = { take: true } | { take: false; lookAgainMs: number };

/**
 * Programs such as Python's `shutil.copy2` set times and mode by path after they closed the file: taken in between it would be
 * gone under their hands.
 */
const settleMs = 100;
/** Many tools create a file empty and open it again to fill it. */
const emptySettleMs = 2_000;
/** Where the system can't tell, a writer that pauses is taken for one that is done: so this is long. */
const unknownSettleMs = 5_000;

export function decide({ size, writer, quietMs, requested }: Observation): Decision {
  if (writer === "writing") return { take: false, lookAgainMs: Math.min(250, 20 + quietMs / 4) };
  const settle =
    writer === "unknown" ? unknownSettleMs : requested ? 0 : size === 0 ? emptySettleMs : settleMs;
  const missing = settle - quietMs;
  return missing <= 0 ? { take: true } : { take: false, lookAgainMs: Math.ceil(missing) };
}
