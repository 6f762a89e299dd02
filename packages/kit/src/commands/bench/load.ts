/** Many files of all datasets dropped at once, and the same ones each after the verdict of the one before. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectLedger } from "../../clients/ledger-session.ts";
import { deliveriesByName, ingestBatches, type Delivery } from "../../clients/passports.ts";
import { dropFolder } from "../../clients/stack.ts";
import type { Context } from "../command.ts";
import { waitUntil } from "../wait.ts";
import { mixedFiles, type MixedFile } from "../../fixtures/index.ts";
import { finalStates, parseDataset } from "../../model/index.ts";
import { cpuSeconds } from "../../usage/cpu.ts";
import { measure, median, type Measure } from "./measure.ts";
import { watchMemory } from "../../usage/memory.ts";
import { inWorld, needRoad, servicePids } from "./world.ts";

const count = 200;
/** One by one takes a minute for fifteen of them: each fourth shows it, of every dataset as many as in the mix. */
const sampled = 4;

interface Load {
  files: number;
  bytes: number;
  seconds: number;
  cpu: number;
  batches: number;
  peak: number;
}

export async function benchLoad(context: Context, runs: number): Promise<Measure[]> {
  needRoad(context);
  const files = await mixedFiles(count, 1);
  const some = files.filter((_, i) => i % sampled === 0);
  const atOnce: Load[] = [];
  const oneByOne: Load[] = [];
  for (let run = 1; run <= runs; run++) {
    atOnce.push(await load(context, files, files.length));
    context.say(`run ${run}: ${files.length} at once ${atOnce.at(-1)!.seconds.toFixed(1)} s`);
    oneByOne.push(await load(context, some, 1));
    context.say(`run ${run}: ${some.length} one by one ${oneByOne.at(-1)!.seconds.toFixed(1)} s`);
  }
  const one = `${some.length} of them, one by one`;
  return [
    ...measures(`${files.length} files at once`, atOnce, { of: oneByOne, name: one }),
    ...measures(one, oneByOne),
  ];
}

function measures(name: string, loads: Load[], beside?: { name: string; of: Load[] }): Measure[] {
  const each = (what: string, unit: Measure["unit"], of: (one: Load) => number, ratio = false) =>
    measure(
      `${name}: ${what}`,
      unit,
      loads.map(of),
      ratio && beside
        ? {
            to: `${beside.name}: ${what}`,
            ratio: median(loads.map(of)) / median(beside.of.map(of)),
          }
        : undefined,
    );
  return [
    each("files a minute", "files/min", (one) => (one.files * 60) / one.seconds, true),
    each("bytes", "MB/s", (one) => one.bytes / 1e6 / one.seconds, true),
    each("processor for each file", "cpu s", (one) => one.cpu / one.files, true),
    each("until the last verdict", "s", (one) => one.seconds),
    each("batches", "batches", (one) => one.batches),
    each("peak memory of all services", "MB", (one) => one.peak / 1e6),
  ];
}

/** Drops so many at a time into a world of its own, and waits for their verdicts. */
async function load(context: Context, files: MixedFile[], together: number): Promise<Load> {
  const { checkout, stack } = context;
  const services = servicePids(context);
  return inWorld(context, async (world) => {
    const paths = await Promise.all(
      files.map(async ({ dataset, name, file }) => {
        const { domain, dataset: short } = parseDataset(dataset);
        const folder = join(dropFolder(checkout, stack, world), domain, short);
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, `.${name}`), file.bytes);
        return { hidden: join(folder, `.${name}`), path: join(folder, name) };
      }),
    );
    await using ledger = await connectLedger({ checkout, stack, identity: "reader" });
    const memory = watchMemory(services);
    const [before, begun] = [cpuSeconds(new Set(services.values())), performance.now()];
    for (let done = 0; done < files.length; done += together) {
      for (const { hidden, path } of paths.slice(done, done + together)) await rename(hidden, path);
      const dropped = Math.min(done + together, files.length);
      await waitUntil(
        context,
        () => `the verdicts of ${dropped} files`,
        async () => {
          const all = await deliveriesByName(ledger, world);
          return all.filter(isSettled).length === dropped ? dropped : null;
        },
      );
    }
    return {
      files: files.length,
      bytes: files.reduce((sum, { file }) => sum + file.bytes.length, 0),
      seconds: (performance.now() - begun) / 1000,
      cpu: cpuSeconds(new Set(services.values())) - before,
      batches: (await ingestBatches(ledger, world)).length,
      peak: memory.stop().all,
    };
  });
}

/** Nobody writes the contract that some of them wait for. */
const isSettled = ({ state, reason }: Delivery) =>
  finalStates.includes(state) || reason?.code === "NO_CONTRACT";
