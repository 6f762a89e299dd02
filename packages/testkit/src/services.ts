/** The services of the stack under test: their processes, killed and stopped, and how they come back. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { layoutOf, livingSupervisor, readStatus } from "@gridata/kit/runtimes/host/control";
import { groupOf, killGroup, type ProcessIdentity } from "@gridata/kit/toolchain/process";
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
export async function killService(name: string): Promise<ProcessIdentity> {
  const { identity } = serviceOf(name);
  if (!identity) throw new Error(`service '${name}' does not run`);
  killGroup(identity.pid);
  await until(`the processes of '${name}' to be gone`, () => groupOf(identity).length === 0);
  return identity;
}

/** Waits until a service is ready as another process than the one that was killed, if one was. */
export const serviceBack = (name: string, killed: ProcessIdentity | null, deadline = 120) =>
  until(
    `'${name}' to be ready again`,
    () => {
      const now = serviceOf(name);
      return now.state === "ready" && !isDeepStrictEqual(now.identity, killed) && now;
    },
    {
      deadline,
      seen: () => {
        const { state, identity } = serviceOf(name);
        return isDeepStrictEqual(identity, killed) ? `${state}, as it was killed` : state;
      },
    },
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
  const all = readStatus(layout)!.services.flatMap(({ identity }) => identity ?? []);
  for (const one of all) if (groupOf(one).length > 0) killGroup(one.pid);
  for (const one of all)
    await until(`process group ${one.pid} to be gone`, () => groupOf(one).length === 0);
}

/** `./gridata dev` of the stack under test, until it is ready. */
export const startAgain = () =>
  promisify(execFile)(join(checkout, "gridata"), ["dev", "--stack", stack, "--json"], {
    timeout: 300_000,
  });
