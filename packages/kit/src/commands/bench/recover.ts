/** How soon each service is back after SIGKILL, beside its own start in the same stack; and a supervisor, beside nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../command.ts";
import dev from "../dev.ts";
import down from "../down.ts";
import { waitUntil } from "../wait.ts";
import { steadyAfter } from "../../runtimes/host/backoff.ts";
import { layoutOf, livingSupervisor, readStatus } from "../../runtimes/host/control.ts";
import { median, type Measure } from "./measure.ts";

const stack = "bench-recover";
const pollMs = 10;
/** Between what is seen here and what its supervisor counts. */
const marginMs = 2_000;
const none = { ratio_to: null, ratio: null };

export async function benchRecover(given: Context, runs: number): Promise<Measure[]> {
  const context = { ...given, stack, options: {}, say: () => {} };
  const layout = layoutOf(given.checkout, stack);
  const service = (name: string) => readStatus(layout)!.services.find((s) => s.name === name)!;
  const waitFor = (what: string, look: () => boolean) =>
    waitUntil(
      context,
      () => what,
      async () => look(),
    );

  async function recovery(name: string): Promise<number> {
    const { pid, restarts } = service(name);
    const begun = performance.now();
    process.kill(pid!, "SIGKILL");
    for (;;) {
      const now = service(name);
      if (now.restarts > restarts && now.state === "ready") break;
      await sleep(pollMs, undefined, { signal: given.signal });
    }
    const seconds = (performance.now() - begun) / 1000;
    // Whoever lost its connections finds them again before the next is killed.
    await waitFor("the stack to be whole again", () => readStatus(layout)!.state === "ready");
    given.say(`${name}: back in ${seconds.toFixed(2)} s`);
    return seconds;
  }

  /** `dev` on the stack as it runs, its supervisor alive or killed. */
  async function attachment(killed: boolean): Promise<number> {
    const head = livingSupervisor(layout)!;
    if (killed) {
      process.kill(head.pid, "SIGKILL");
      await waitFor("the supervisor to be gone", () => !livingSupervisor(layout));
    }
    const begun = performance.now();
    await dev.run(context);
    return (performance.now() - begun) / 1000;
  }

  try {
    given.say("starting a stack, twice: the first makes its databases");
    await dev.run(context);
    await down.run(context);
    await dev.run(context);
    const started = readStatus(layout)!.services;
    const back = new Map<string, number[]>(started.map(({ name }) => [name, []]));
    const steady = new Map<string, number>();
    for (let run = 0; run < runs; run++)
      for (const [name, seconds] of back) {
        // One that is lost again before that waits until it is started.
        const wait = (steady.get(name) ?? 0) - performance.now();
        if (wait > 0) {
          given.say(`${name}: until it was up for a minute, ${(wait / 1000).toFixed(0)} s`);
          await sleep(wait, undefined, { signal: given.signal });
        }
        seconds.push(await recovery(name));
        steady.set(name, performance.now() + steadyAfter + marginMs);
      }
    const measures = started.flatMap(({ name, ready_after, phases }): Measure[] => {
      // From its turn on: what prepares it is done again after a death, and is part of both.
      const turn = Math.max(0, ...phases.filter(({ on }) => on !== null).map(({ to }) => to));
      const own = ready_after! - turn;
      const seconds = back.get(name)!;
      const reference = `start of ${name}`;
      return [
        { name: reference, unit: "s", value: own, runs: [own], ...none },
        {
          ...{ name: `recovery of ${name}`, unit: "s", value: median(seconds), runs: seconds },
          ...{ ratio_to: reference, ratio: median(seconds) / own },
        },
      ];
    });
    for (const [name, killed] of [
      ["attach", false],
      ["re-attach after the supervisor was killed", true],
    ] as const) {
      const seconds: number[] = [];
      for (let run = 0; run < Math.max(3, runs); run++) seconds.push(await attachment(killed));
      measures.push({ name, unit: "s", value: median(seconds), runs: seconds, ...none });
    }
    return measures;
  } finally {
    await down.run({ ...context, options: { purge: true } });
  }
}
