/** Intake pauses while the disk is nearly full: what is not taken stays in the drop folder, where nothing is lost. */

/** Free bytes and all bytes of a file system. */
export interface Space {
  free: number;
  total: number;
}

/** Below `low` intake pauses; it resumes above `high`, so that it does not change its mind with every file. */
export interface Watermark {
  low: number;
  high: number;
}

const gib = 2 ** 30;

/** 5 % of the disk, 2 GiB at most: what a running stack writes by itself while nothing is taken in. */
export function watermarkOf({ total }: Pick<Space, "total">, wanted: number | null): Watermark {
  const low = wanted ?? Math.min(2 * gib, total * 0.05);
  return { low, high: low * 1.25 };
}

export interface Gate {
  /** Whether files may be taken now. `changed` when it was otherwise before. */
  look(space: Space): { open: boolean; changed: boolean };
}

export function intakeGate(wanted: number | null): Gate {
  let open = true;
  return {
    look(space) {
      const { low, high } = watermarkOf(space, wanted);
      const now = open ? space.free >= low : space.free >= high;
      const changed = now !== open;
      open = now;
      return { open, changed };
    },
  };
}
