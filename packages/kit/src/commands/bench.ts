/** `bench`: measurements beside something else in the same run, because times alone say little. */
import { cpus, totalmem } from "node:os";
import { readFileSync } from "node:fs";
import { benchDrop } from "./bench/drop.ts";
import { benchLarge } from "./bench/large.ts";
import { benchLoad } from "./bench/load.ts";
import type { Measure } from "./bench/measure.ts";
import { benchRecover } from "./bench/recover.ts";
import { benchStart } from "./bench/start.ts";
import { benchValidate } from "./bench/validate.ts";
import { benchWeek } from "./bench/week.ts";
import type { Stretch } from "../runtimes/host/critical-path.ts";
import { pathText } from "./explain.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import { columns } from "./style.ts";

interface Benchmark {
  measures: Measure[];
  critical_path?: Stretch[];
}

const alone =
  (bench: (context: Context, runs: number) => Promise<Measure[]>) =>
  async (context: Context, runs: number): Promise<Benchmark> => ({
    measures: await bench(context, runs),
  });

const benchmarks: Record<string, (context: Context, runs: number) => Promise<Benchmark>> = {
  drop: alone(benchDrop),
  load: alone(benchLoad),
  large: alone(benchLarge),
  validate: alone(benchValidate),
  start: benchStart,
  recover: alone(benchRecover),
  week: async (context) => ({ measures: await benchWeek(context, dropsOf(context)) }),
};

const bench = {
  name: "bench",
  summary:
    "measure drop to commit, load, a large file and the validator, each beside something else; a start; recovery; a week's growth",
  usage: "drop|load|large|validate|start|recover|week [--runs N] [--drops N]",
  examples: ["bench drop", "bench start --runs 3 --json", "bench week --drops 1000"],
  options: {
    runs: { type: "string", placeholder: "N", summary: "runs of each, alternating (5)" },
    drops: { type: "string", placeholder: "N", summary: "files of a week (1000)" },
  },
  async run(context) {
    const [what] = context.args;
    if (context.args.length !== 1 || !what || !(what in benchmarks))
      throw usage(bench, `there are benchmarks of: ${Object.keys(benchmarks).join(", ")}`);
    const runs = Number(context.options["runs"] ?? 5);
    if (!Number.isInteger(runs) || runs < 1) throw usage(bench, "--runs takes a number from 1 on");
    const { measures, ...more } = await benchmarks[what]!(context, runs);
    const machine = {
      processor: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memory_bytes: totalmem(),
      kernel: readFileSync("/proc/version", "utf8").split(" ").slice(0, 3).join(" "),
    };
    return {
      document: { machine, measures, ...more },
      text: [
        `${machine.cores} x ${machine.processor}, ${(machine.memory_bytes / 2 ** 30).toFixed(0)} GiB, ${machine.kernel}`,
        ...(more.critical_path ? [pathText(more.critical_path, context.style), ""] : []),
        columns([["measure", "median", "runs", "ratio"], ...measures.map(row)], context.style.dim),
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default bench;

function dropsOf({ options }: Context): number {
  const drops = Number(options["drops"] ?? 1000);
  if (!Number.isInteger(drops) || drops < 20)
    throw usage(bench, "--drops takes a number from 20 on");
  return drops;
}

const row = (m: Measure): string[] => [
  m.name,
  `${m.value.toFixed(2)} ${m.unit}`,
  m.runs.map((value) => value.toFixed(2)).join(" "),
  m.ratio === null ? "" : `${m.ratio.toFixed(2)} of ${m.ratio_to}`,
];
