/** I4: a reader that looks at `main` all the while, and what it must never have seen. */
import { setTimeout as pause } from "node:timers/promises";
import type { World } from "./world.ts";

export interface MainReader {
  /** Whether it has looked between a branch's commit and its publish. */
  lookedBetween(): boolean;
  /** Stops. Fails when it saw a snapshot that was not audited, or never looked between a branch's commit and its publish. */
  stop(): Promise<{ polls: number; between: number; seen: string[] }>;
}

/** A check takes ten times as long. */
const everyMs = 40;

export function readMain(world: World, table: string): MainReader {
  const mains = new Set<string>();
  const state = { polls: 0, between: 0, on: true };
  const polling = (async () => {
    while (state.on) {
      // A catalog that was killed answers nothing, which shows nothing unaudited either.
      const refs = await world.refs(table).catch(() => null);
      const main = refs?.["main"];
      if (refs && main) {
        state.polls++;
        mains.add(main);
        // A branch begins at its base, which is main; a commit takes it elsewhere.
        if (Object.entries(refs).some(([ref, id]) => ref.startsWith("audit_") && id !== main))
          state.between++;
      }
      await pause(everyMs);
    }
  })();
  return {
    lookedBetween: () => state.between > 0,
    async stop() {
      state.on = false;
      await polling;
      const { polls, between } = state;
      if (between === 0)
        throw new Error(
          `of ${polls} looks at main none was between a branch's commit and its publish`,
        );
      const unaudited = (await world.verify()).find(({ name }) => name === "snapshots_audited")!;
      if (unaudited.state !== "passed")
        throw new Error(`main showed what was not audited: ${JSON.stringify(unaudited.findings)}`);
      const kept = new Set(await world.ancestry(table));
      const strange = [...mains].filter((id) => !kept.has(id));
      if (strange.length > 0) throw new Error(`main showed ${strange.join()}, and later no more`);
      return { polls, between, seen: [...mains] };
    },
  };
}
