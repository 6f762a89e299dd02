/** What a start waited for, and who used the processors meanwhile. */
import { cpuSeconds } from "../bench/cpu.ts";
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

export function explained({ critical_path, processors }: Explanation, style: Style): string {
  const at = (seconds: number) => seconds.toFixed(1);
  const path = critical_path.map((s) => [
    `${at(s.from)} - ${at(s.to)}`,
    at(s.seconds),
    s.name,
    s.what,
  ]);
  return [
    "what this start waited for, in turn",
    columns([["at", "seconds", "service", "what"], ...path], style.dim),
    "",
    "processor seconds so far",
    columns(
      [["service", "seconds"], ...processors.map((p) => [p.name, p.cpu_seconds.toFixed(1)])],
      style.dim,
    ),
    "",
  ].join("\n");
}
