/** The stack under test asleep: no process of it gets the processor, and its connections die meanwhile. */
import { execFileSync } from "node:child_process";
import { layoutOf, livingSupervisor, readStatus } from "@gridata/kit/runtimes/host/control";
import { processes } from "@gridata/kit/toolchain/process";

export interface Sleeping {
  /** All go on. */
  wake(): void;
}

/** Stops (SIGSTOP) the supervisor, all services but those named, and whatever they started. */
export function suspend(
  { checkout, stack }: { checkout: string; stack: string },
  but: readonly string[],
): Sleeping {
  const layout = layoutOf(checkout, stack);
  const supervisor = livingSupervisor(layout);
  if (!supervisor) throw new Error(`stack '${stack}' has no supervisor`);
  const { services } = readStatus(layout)!;
  const awake = new Set(families(services.flatMap((s) => (but.includes(s.name) ? s.pid! : []))));
  const asleep = families([supervisor.pid, ...services.flatMap(({ pid }) => pid ?? [])]).filter(
    (pid) => !awake.has(pid),
  );
  for (const pid of asleep) signal(pid, "SIGSTOP");
  return { wake: () => asleep.forEach((pid) => signal(pid, "SIGCONT")) };
}

/** Closes every connection to the ports of the stack, for both of its ends. Takes root. */
export function severConnections({ checkout, stack }: { checkout: string; stack: string }): void {
  const { services } = readStatus(layoutOf(checkout, stack))!;
  for (const address of services.flatMap(({ addresses }) => Object.values(addresses)))
    execFileSync("ss", ["-K", "-t", "dst", "127.0.0.1", "dport", "=", new URL(address).port]);
}

/** The processes, and all that descend from them. */
function families(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const [pid, fields] of processes()) {
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const all = new Set(roots);
  for (const pid of all) for (const child of children.get(pid) ?? []) all.add(child);
  return [...all];
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in between.
  }
}
