/** Warm start of a stack of its own, beside `airflow standalone` of the same environment: alternating, in one run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../command.ts";
import dev from "../dev.ts";
import down from "../down.ts";
import { livingSupervisor, layoutOf, readStatus } from "../../runtimes/host/control.ts";
import { criticalPath, type Stretch } from "../../runtimes/host/critical-path.ts";
import type { StackStatus } from "../../runtimes/host/status.ts";
import { provision } from "../../toolchain/provision.ts";
import { median, type Measure } from "./measure.ts";
import { pssBytes } from "../../usage/memory.ts";
import { standaloneSeconds } from "./standalone.ts";

const stack = "bench-start";
/** A stack that has just become ready still tidies up. */
const idleSeconds = 60;
const reference = "airflow standalone";

export async function benchStart(
  given: Context,
  runs: number,
): Promise<{ measures: Measure[]; critical_path: Stretch[] }> {
  const quiet = () => {};
  const context = { ...given, stack, options: {}, say: quiet };
  const home = mkdtempSync(join(tmpdir(), "gridata-bench-"));
  const airflow = await provision(["python-airflow"], { checkout: given.checkout }).tool(
    "python-airflow",
  );
  const standalone = () =>
    standaloneSeconds(
      join(airflow.dir, "bin/python"),
      home,
      join(given.checkout, "dags"),
      given.signal,
    );
  const starts: StackStatus[] = [];
  const references: number[] = [];
  let memory: Map<string, number> | null = null;
  try {
    // The first of each makes its databases; it is no measurement.
    given.say("making the databases of both, once");
    await standalone();
    await dev.run(context);
    await down.run(context);
    for (let run = 1; run <= runs; run++) {
      given.say(`run ${run} of ${runs}: starting ${reference}`);
      references.push(await standalone());
      given.say(`run ${run} of ${runs}: starting the stack, until ready`);
      await dev.run(context);
      starts.push(readStatus(layoutOf(given.checkout, stack))!);
      if (run === runs) memory = await idleMemory(given, context);
      await down.run(context);
      const { accepting_after, ready_after } = starts.at(-1)!;
      given.say(
        `run ${run}: accepting ${at(accepting_after)}, ready ${at(ready_after)}; ${reference} ${at(references.at(-1)!)}`,
      );
    }
  } finally {
    await down.run({ ...context, options: { purge: true } });
    rmSync(home, { recursive: true, force: true });
  }
  return { measures: measuresOf(starts, references, memory!), critical_path: typical(starts) };
}

const at = (seconds: number | null) => (seconds === null ? "never" : `${seconds.toFixed(1)} s`);

async function idleMemory(given: Context, context: Context): Promise<Map<string, number>> {
  given.say(`memory is read ${idleSeconds} s after ready`);
  await sleep(idleSeconds * 1000, undefined, { signal: given.signal });
  const layout = layoutOf(context.checkout, context.stack);
  const leaders = new Map(
    readStatus(layout)!.services.flatMap(({ name, pid }) => (pid ? [[pid, name] as const] : [])),
  );
  const head = livingSupervisor(layout)!;
  leaders.set(head.pid, "supervisor");
  const bytes = pssBytes([...leaders.keys()]);
  return new Map([...leaders].map(([pid, name]) => [name, bytes.get(pid) ?? 0]));
}

function measuresOf(
  starts: StackStatus[],
  references: number[],
  memory: Map<string, number>,
): Measure[] {
  const seconds = (name: string, runs: number[], compared = false): Measure => ({
    ...{ name, unit: "s", value: median(runs), runs },
    ratio_to: compared ? reference : null,
    ratio: compared ? median(runs) / median(references) : null,
  });
  const megabytes = (name: string, bytes: number): Measure => ({
    ...{ name, unit: "MB", value: bytes / 1e6, runs: [bytes / 1e6], ratio_to: null, ratio: null },
  });
  const first = starts[0]!;
  const up = (status: StackStatus) => Math.max(...status.services.map((s) => s.ready_after!));
  return [
    seconds(
      "accepting",
      starts.map((s) => s.accepting_after!),
    ),
    seconds("all services up", starts.map(up), true),
    seconds(
      "ready: a whole audited append went through",
      starts.map((s) => s.ready_after!),
      true,
    ),
    seconds(reference, references),
    ...first.services.map(({ name }, i) =>
      seconds(
        `service ${name}`,
        starts.map((s) => s.services[i]!.ready_after!),
      ),
    ),
    ...first.proofs.map(({ name }, i) =>
      seconds(
        `proof ${name}`,
        starts.map((s) => s.proofs[i]!.done_after!),
      ),
    ),
    megabytes(
      `memory ${idleSeconds} s after ready`,
      [...memory.values()].reduce((a, b) => a + b, 0),
    ),
    ...[...memory].map(([name, bytes]) => megabytes(`memory of ${name}`, bytes)),
  ];
}

/** The critical path of the run in the middle. */
const typical = (starts: StackStatus[]): Stretch[] =>
  criticalPath(starts.toSorted((a, b) => a.ready_after! - b.ready_after!)[starts.length >> 1]!);
