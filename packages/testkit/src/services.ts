/** The services of the stack under test: their processes, killed and stopped, and how they come back. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { layoutOf, livingSupervisor, readStatus } from "@gridata/kit/runtimes/host/control";
import { until } from "./wait.ts";

const checkout = join(import.meta.dirname, "../../..");
const stack = process.env.GRIDATA_STACK ?? "default";
const layout = layoutOf(checkout, stack);

function serviceOf(name: string) {
  const found = readStatus(layout)?.services.find((service) => service.name === name);
  if (!found) throw new Error(`stack '${stack}' has no service '${name}'`);
  return found;
}

/** Kills (SIGKILL) a service with all of its processes. Returns once none of it is left. */
export async function killService(name: string): Promise<{ pid: number }> {
  const { pid } = serviceOf(name);
  if (!pid) throw new Error(`service '${name}' does not run`);
  process.kill(-pid, "SIGKILL");
  await until(`the processes of '${name}' to be gone`, () => !groupLives(pid));
  return { pid };
}

/** Waits until a service is ready as another process than the one that was killed. */
export const serviceBack = (name: string, { pid }: { pid: number }, deadline = 120) =>
  until(
    `'${name}' to be ready again`,
    () => {
      const now = serviceOf(name);
      return now.state === "ready" && now.pid !== pid && now;
    },
    { deadline, seen: () => serviceOf(name).state },
  );

/** Kills the supervisor alone: its services go on, and nobody watches over them. */
export function killSupervisor(): void {
  const supervisor = livingSupervisor(layout);
  if (!supervisor) throw new Error(`stack '${stack}' has no supervisor`);
  process.kill(supervisor.pid, "SIGKILL");
}

/** Kills every service at once, and the supervisor before them if it lives. */
export async function killAll(): Promise<void> {
  if (livingSupervisor(layout)) killSupervisor();
  const pids = readStatus(layout)!.services.flatMap(({ pid }) => pid ?? []);
  for (const pid of pids) if (groupLives(pid)) process.kill(-pid, "SIGKILL");
  for (const pid of pids) await until(`process group ${pid} to be gone`, () => !groupLives(pid));
}

/** `./gridata dev` of the stack under test, until it is ready. */
export const startAgain = () =>
  promisify(execFile)(join(checkout, "gridata"), ["dev", "--stack", stack, "--json"], {
    timeout: 300_000,
  });

function groupLives(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
