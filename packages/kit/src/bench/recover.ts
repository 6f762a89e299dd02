/** How soon each service is back after SIGKILL, beside its own start in the same stack. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../commands/command.ts";
import dev from "../commands/dev.ts";
import down from "../commands/down.ts";
import { waitUntil } from "../commands/wait.ts";
import { layoutOf, readStatus } from "../runtimes/host/control.ts";
import { median, type Measure } from "./measure.ts";

const stack = "bench-recover";
const pollMs = 10;

export async function benchRecover(given: Context, runs: number): Promise<Measure[]> {
  const context = { ...given, stack, options: {}, say: () => {} };
  const layout = layoutOf(given.checkout, stack);
  const service = (name: string) => readStatus(layout)!.services.find((s) => s.name === name)!;
  const measures: Measure[] = [];
  try {
    given.say("starting a stack, twice: the first makes its databases");
    await dev.run(context);
    await down.run(context);
    await dev.run(context);
    for (const { name, started_after, ready_after } of readStatus(layout)!.services) {
      const own = ready_after! - started_after!;
      const seconds: number[] = [];
      for (let run = 0; run < runs; run++) {
        const { pid, restarts } = service(name);
        const begun = performance.now();
        process.kill(pid!, "SIGKILL");
        for (;;) {
          const now = service(name);
          if (now.restarts > restarts && now.state === "ready") break;
          await sleep(pollMs, undefined, { signal: given.signal });
        }
        seconds.push((performance.now() - begun) / 1000);
        // Whoever lost its connections finds them again before the next is killed.
        const whole = () => (readStatus(layout)!.state === "ready" ? true : null);
        await waitUntil(
          context,
          () => "the stack to be whole again",
          async () => whole(),
        );
      }
      const reference = `start of ${name}`;
      const none = { ratio_to: null, ratio: null };
      measures.push(
        { name: reference, unit: "s", value: own, runs: [own], ...none },
        {
          ...{ name: `recovery of ${name}`, unit: "s", value: median(seconds), runs: seconds },
          ...{ ratio_to: reference, ratio: median(seconds) / own },
        },
      );
      given.say(
        `${name}: back in ${median(seconds).toFixed(2)} s, its start took ${own.toFixed(2)} s`,
      );
    }
  } finally {
    await down.run({ ...context, options: { purge: true } });
  }
  return measures;
}
