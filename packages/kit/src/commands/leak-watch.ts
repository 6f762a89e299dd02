/** Looks for what tests left behind: in the layers of their stack before it ends, and on the machine afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readStackConfig } from "../clients/stack.ts";
import { runStep } from "../clients/steps.ts";
import { leaked, type Footprint, type Leak } from "../leaks/look.ts";
import { leftOnMachine } from "../leaks/machine.ts";
import { footprint } from "../leaks/read.ts";
import { layoutOf } from "../runtimes/host/control.ts";
import type { Context } from "./command.ts";

const markName = "GRIDATA_TEST_RUN";
/** What is on its way out needs a moment; what stays longer is left. */
const settleMs = 30_000;

export interface LeakWatch extends Disposable {
  layers(stack: string): Promise<Footprint>;
  since(stack: string, before: Footprint): Promise<Leak[]>;
  /** `ended`: the stack that is gone by now. */
  onMachine(ended: string | null): Promise<Leak[]>;
}

/**
 * From here on every process that this one starts carries a mark, and every program of tests has a folder for its temporary files
 * that must be empty in the end.
 */
export function leakWatch({ checkout }: Context): LeakWatch {
  const outer = process.env[markName];
  const temporary = mkdtempSync("/tmp/gridata-test-");
  process.env[markName] = temporary;
  const settled = async (look: () => Promise<Leak[]>): Promise<Leak[]> => {
    for (const deadline = performance.now() + settleMs; ; await sleep(500)) {
      // A service that a test killed may still be on its way back.
      const leaks = await look().catch((error: unknown): Leak[] => [
        { kind: "unseen", name: String(error) },
      ]);
      if (leaks.length === 0 || performance.now() > deadline) return leaks;
    }
  };
  return {
    layers: (stack) => footprint(checkout, stack),
    since: (stack, before) =>
      settled(async () => {
        const leaks = leaked(before, await footprint(checkout, stack));
        // What a killed step and late tasks of a closed world leave goes with the next sweep: it need not be waited for.
        if (leaks.some(({ kind }) => kind === "folder")) await sweepNow(checkout, stack);
        return leaks;
      }),
    onMachine(ended) {
      const gone = ended === null ? [] : foldersOf(checkout, ended);
      const mark = `${markName}=${temporary}`;
      return settled(async () => leftOnMachine({ mark, gone, empty: [temporary] }));
    },
    [Symbol.dispose]() {
      if (outer === undefined) delete process.env[markName];
      else process.env[markName] = outer;
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

async function sweepNow(checkout: string, stack: string): Promise<void> {
  const { steps } = readStackConfig(checkout, stack, "admin");
  if (steps) await runStep(steps.socket, { step: "sweep" });
}

const foldersOf = (checkout: string, stack: string) => {
  const { state, sockets } = layoutOf(checkout, stack);
  return [state, sockets];
};

/** For a program of tests. */
export const temporaryFolder = (): { TMPDIR?: string } => {
  const TMPDIR = process.env[markName];
  return TMPDIR ? { TMPDIR } : {};
};
