/** A week's work in a row: is the stack as large and as slow at its end as after the first day? */
import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { lstatSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectLedger } from "../../clients/ledger-session.ts";
import type { LedgerReader } from "../../clients/passports.ts";
import { dropFolder, readStackConfig, stateFolder } from "../../clients/stack.ts";
import { runStep } from "../../clients/steps.ts";
import type { Context } from "../command.ts";
import dev from "../dev.ts";
import down from "../down.ts";
import { waitUntil } from "../wait.ts";
import { liveHeap } from "../../leaks/jvm.ts";
import { keptSessionClass, sessionClass } from "../../leaks/read.ts";
import { layoutOf, readStatus } from "../../runtimes/host/control.ts";
import type { Measure } from "./measure.ts";
import { pssBytes } from "../../usage/memory.ts";
import { writeTransactions } from "./transactions.ts";

const stack = "bench-week";
/** The first of them is a batch, the others are another; with what is derived from both 1,000 drops make about 300 sessions of Spark. */
const together = 14;
const records = 400;
const looks = 10;
/** A week passes in 3.5 minutes, so that what is kept for a week goes again and again. */
const daySeconds = 30;

/** Megabytes, or a number of things, by what is measured. */
type Look = Record<string, number>;

export async function benchWeek(given: Context, drops: number): Promise<Measure[]> {
  const context = { ...given, stack, world: "default", options: {}, say: () => {} };
  const { checkout } = given;
  const seen: Look[] = [];
  const work = await mkdtemp(join(tmpdir(), "gridata-week-"));
  try {
    given.say("starting a stack");
    process.env["GRIDATA_DAY_SECONDS"] = String(daySeconds);
    await dev.run(context);
    await using ledger = await connectLedger({ checkout, stack });
    const folder = join(dropFolder(checkout, stack, "default"), "sales/transactions");
    await mkdir(folder, { recursive: true });
    const every = Math.max(together, Math.round(drops / looks));
    let next = every;
    for (let done = 0; done < drops && !given.signal.aborted;) {
      const count = Math.min(together, drops - done);
      const begun = performance.now();
      for (let i = 0; i < count; i++) await drop(work, folder, done + i);
      await published(context, ledger, done + count);
      done += count;
      if (done >= next || done === drops) {
        next += every;
        const published = performance.now();
        await sweep(checkout);
        const swept = performance.now();
        const look = {
          ...(await lookAt(checkout, ledger, done)),
          [`seconds for ${together} files`]: (published - begun) / 1000,
          "seconds for a sweep": (swept - published) / 1000,
        };
        seen.push(look);
        given.say(
          Object.entries(look)
            .map(([name, value]) => `${name} ${value.toFixed(1)}`)
            .join(", "),
        );
      }
    }
  } finally {
    await rm(work, { recursive: true, force: true });
    await down.run({ ...context, options: { purge: true } });
  }
  return Object.keys(seen[0] ?? {}).map((name) => measureOf(name, seen));
}

/** Beside the second look: at the first one caches fill. */
function measureOf(name: string, seen: readonly Look[]): Measure {
  const runs = seen.map((look) => look[name]!);
  const [value, early] = [runs.at(-1)!, runs[1]];
  const unit = /^(disk|memory)/.test(name) ? "MB" : name.startsWith("seconds") ? "s" : "";
  return {
    ...{ name, unit, value, runs },
    ratio_to: early ? "its second look" : null,
    ratio: early ? value / early : null,
  };
}

async function drop(work: string, folder: string, n: number): Promise<void> {
  const [file, part] = [join(work, "next.csv"), join(folder, `.week-${n}.csv`)];
  await writeTransactions(file, records, n * records);
  await copyFile(file, part);
  await rename(part, join(folder, `week-${n}.csv`));
}

const published = (context: Context, ledger: LedgerReader, count: number) =>
  waitUntil(
    context,
    () => `${count} files to be published, and what is derived from them to be computed`,
    async () => {
      const { rows } = await ledger.query<{ n: number; open: number }>(
        `select (select count(*)::int from ledger.delivery where world = 'default' and state = 'published') as n,
                (select count(*)::int from ledger.batch where world = 'default' and state = 'open') as open`,
      );
      return rows[0]!.n === count && rows[0]!.open === 0;
    },
  );

/** What the DAG asks for every ten minutes. */
const sweep = (checkout: string) =>
  runStep(readStackConfig(checkout, stack, "admin").steps!.socket, { step: "sweep" });

async function lookAt(checkout: string, ledger: LedgerReader, drops: number): Promise<Look> {
  const data = join(stateFolder(checkout, stack), "data");
  const services = readStatus(layoutOf(checkout, stack))!.services.filter(({ pid }) => pid);
  const pss = pssBytes(services.map(({ pid }) => pid!));
  const spark = await liveHeap(services.find(({ name }) => name === "spark")!.pid!);
  const { rows } = await ledger.query<{ batches: number }>(
    "select count(*)::int as batches from ledger.batch where world = 'default'",
  );
  const memory = services.map(({ name, pid }) => [`memory ${name}`, (pss.get(pid!) ?? 0) / 1e6]);
  const folders = readdirSync(data).map((name) => [`disk ${name}`, sizeOf(join(data, name)) / 1e6]);
  return {
    drops,
    batches: rows[0]!.batches,
    ...Object.fromEntries(folders),
    "disk logs": sizeOf(layoutOf(checkout, stack).logs) / 1e6,
    ...Object.fromEntries(memory),
    "memory of all": [...pss.values()].reduce((sum, bytes) => sum + bytes, 0) / 1e6,
    "memory live in Spark's heap": spark.bytes / 1e6,
    "sessions in Spark": spark.count(sessionClass),
    "sessions in Spark's heap": spark.count(keptSessionClass),
  };
}

/** Blocks on the disk, as `du` counts: Kafka's files have holes. */
function sizeOf(path: string): number {
  try {
    const stat = lstatSync(path);
    const own = stat.blocks * 512;
    return stat.isDirectory()
      ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), own)
      : own;
  } catch {
    return 0; // it went meanwhile
  }
}
