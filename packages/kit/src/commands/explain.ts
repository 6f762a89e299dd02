/** What a start waited for, and who used the processors meanwhile. */
import { cpuSeconds } from "../usage/cpu.ts";
import { criticalPath, type Stretch } from "../runtimes/host/critical-path.ts";
import type { StackStatus } from "../runtimes/host/control.ts";
import { columns, type Style } from "./style.ts";

export interface Explanation {
  critical_path: (Stretch & { seconds: number })[];
  /** Until now, by all processes of each service that still run. */
  processors: { name: string; cpu_seconds: number }[];
}

export const explain = (status: StackStatus): Explanation => ({
  critical_path: criticalPath(status).map((s) => ({ ...s, seconds: s.to - s.from })),
  processors: status.services
    .flatMap(({ name, pid }) =>
      pid === null ? [] : [{ name, cpu_seconds: cpuSeconds(new Set([pid])) }],
    )
    .toSorted((a, b) => b.cpu_seconds - a.cpu_seconds),
});

export function pathText(path: readonly Stretch[], style: Style): string {
  const at = (seconds: number) => seconds.toFixed(1);
  const rows = path.map((s) => [`${at(s.from)} - ${at(s.to)}`, at(s.to - s.from), s.name, s.what]);
  const table = columns([["at", "seconds", "service", "what"], ...rows], style.dim);
  return `what this start waited for, in turn\n${table}`;
}

export function explained({ critical_path, processors }: Explanation, style: Style): string {
  const used = processors.map((p) => [p.name, p.cpu_seconds.toFixed(1)]);
  return [
    pathText(critical_path, style),
    "",
    "processor seconds so far",
    columns([["service", "seconds"], ...used], style.dim),
    "",
  ].join("\n");
}
