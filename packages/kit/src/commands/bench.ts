/** `bench`: measurements beside something else in the same run, because times alone say little. */
import { cpus, totalmem } from "node:os";
import { readFileSync } from "node:fs";
import { benchDrop, type Measure } from "../bench/drop.ts";
import { usage, type CommandDef } from "./command.ts";
import { columns } from "./style.ts";

const bench = {
  name: "bench",
  summary: "measure drop to commit, beside Spark alone",
  usage: "drop [--runs N]",
  examples: ["bench drop", "bench drop --runs 3 --json"],
  options: { runs: { type: "string", placeholder: "N", summary: "runs of each, alternating (5)" } },
  async run(context) {
    if (context.args.length !== 1 || context.args[0] !== "drop")
      throw usage(bench, "there is a benchmark of: drop");
    const runs = Number(context.options["runs"] ?? 5);
    if (!Number.isInteger(runs) || runs < 1) throw usage(bench, "--runs takes a number from 1 on");
    const measures = await benchDrop(context, runs);
    const machine = {
      processor: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memory_bytes: totalmem(),
      kernel: readFileSync("/proc/version", "utf8").split(" ").slice(0, 3).join(" "),
    };
    return {
      document: { machine, measures },
      text: [
        `${machine.cores} x ${machine.processor}, ${(machine.memory_bytes / 2 ** 30).toFixed(0)} GiB, ${machine.kernel}`,
        columns([["measure", "median", "runs", "ratio"], ...measures.map(row)], context.style.dim),
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default bench;

const row = (m: Measure): string[] => [
  m.name,
  `${m.value.toFixed(2)} ${m.unit}`,
  m.runs.map((value) => value.toFixed(2)).join(" "),
  m.ratio === null ? "" : `${m.ratio.toFixed(2)} of ${m.ratio_to}`,
];
