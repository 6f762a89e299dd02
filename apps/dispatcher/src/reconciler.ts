/** One loop a world: whatever wakes it, it looks at everything and does what there is to do. Failures back off and say so. */
import { errorText, type Logger } from "@gridata/kit/clients/log";

/** A world where nothing is under way is looked at this often even when nobody announces anything. */
const idleMs = 5_000;

interface ReconcilerOptions {
  /** Does what there is to do; the seconds until it wants to look again, null when only an event matters. */
  work(world: string, listStore: boolean): Promise<number | null>;
  log: Logger;
}

export function createReconciler({ work, log }: ReconcilerOptions) {
  const loops = new Map<string, Loop>();
  let closed = false;

  class Loop {
    readonly world: string;
    list = true;
    again = false;
    failures = 0;
    running: Promise<void> | null = null;
    timer: NodeJS.Timeout | undefined;
    constructor(world: string) {
      this.world = world;
    }
    wake(list: boolean): void {
      this.list ||= list;
      if (this.running) this.again = true;
      else this.start(0);
    }
    start(ms: number): void {
      clearTimeout(this.timer);
      if (!closed) this.timer = setTimeout(() => (this.running = this.turn()), ms);
    }
    async turn(): Promise<void> {
      const list = this.list;
      this.list = this.again = false;
      let next = idleMs;
      try {
        const seconds = await work(this.world, list);
        this.failures = 0;
        if (seconds !== null) next = Math.min(next, seconds * 1000);
      } catch (error) {
        this.list ||= list;
        next = Math.min(5_000, 100 * 2 ** this.failures++);
        // Said once a cause begins, and then each time the wait has grown.
        if (this.failures <= 7)
          log.warn("can't go on; trying again", { world: this.world, why: errorText(error) });
      }
      if (next === idleMs) this.list = true;
      this.running = null;
      this.start(this.again ? 0 : next);
    }
  }

  return {
    setWorlds(names: readonly string[]): void {
      for (const [name, loop] of loops)
        if (!names.includes(name)) {
          clearTimeout(loop.timer);
          loops.delete(name);
          loop.start = () => {};
        }
      for (const name of names)
        if (!loops.has(name)) {
          const loop = new Loop(name);
          loops.set(name, loop);
          loop.wake(true);
        }
    },
    /** `list`: the store may hold something that the ledger doesn't know. */
    wake(world: string, list: boolean): void {
      loops.get(world)?.wake(list);
    },
    wakeAll(list: boolean): void {
      for (const loop of loops.values()) loop.wake(list);
    },
    async close(): Promise<void> {
      closed = true;
      for (const loop of loops.values()) clearTimeout(loop.timer);
      await Promise.all([...loops.values()].map(({ running }) => running));
    },
  };
}
