/** The handle that commands have on a stack of processes: start its supervisor, follow it, end it. */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Exit, KitError } from "../../model/errors.ts";
import type { Profile } from "../../model/service.ts";
import { isAlive, killGroup, type ProcessIdentity } from "../../toolchain/process.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { stop, tailOf } from "./process.ts";
import { livingSupervisor, readStatus, type StackEvent, type StackStatus } from "./status.ts";

const supervisorLog = (layout: Layout) => join(layout.logs, "supervisor.log");

/** Starts the supervisor unless it lives. True when this call started it. */
export async function ensureSupervisor(
  layout: Layout,
  { program, profile, services }: { program: string; profile: Profile; services: string[] },
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  if (livingSupervisor(layout)) return false;
  mkdirSync(layout.logs, { recursive: true });
  mkdirSync(layout.run, { recursive: true });
  rmSync(layout.status, { force: true });
  const log = openSync(supervisorLog(layout), "a");
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      program,
      layout.checkout,
      layout.stack,
      profile,
      services.join(","),
    ],
    { detached: true, stdio: ["ignore", log, log], env, cwd: layout.checkout },
  );
  closeSync(log);
  let failed = false;
  // One that finds another `dev` starting the stack ends in peace: that one's supervisor is about to show itself.
  child.once("exit", (code) => (failed = code !== 0));
  child.unref();
  const deadline = performance.now() + 20_000;
  while (!livingSupervisor(layout) || !readStatus(layout)) {
    if (failed && !livingSupervisor(layout))
      throw new KitError({
        code: "SUPERVISOR_FAILED",
        what: "the stack's supervisor ended at once",
        why: tailOf(supervisorLog(layout), 10) || "its log is empty",
        fix: `all of its log is in ${supervisorLog(layout)}`,
        exit: Exit.failed,
      });
    if (performance.now() > deadline)
      throw new KitError({
        code: "SUPERVISOR_SILENT",
        what: "the stack's supervisor said nothing within 20 s",
        why: tailOf(supervisorLog(layout), 10) || "its log is empty",
        fix: "`./gridata down`, then `./gridata dev` again",
        exit: Exit.failed,
      });
    await sleep(20);
  }
  return true;
}

/** Services whose processes live, whether or not somebody watches over them. */
export function livingServices(layout: Layout): string[] {
  return recorded(layout)
    .filter(({ identity }) => identity && isAlive(identity))
    .map(({ name }) => name);
}

/** What supervisors noted of the processes that they started. */
function recorded(
  layout: Layout,
): { name: string; path: string; identity: ProcessIdentity | undefined }[] {
  const files = existsSync(layout.run) ? readdirSync(layout.run) : [];
  return files
    .filter((file) => file.endsWith(".json") && !["status.json", "supervisor.json"].includes(file))
    .map((file) => {
      const path = join(layout.run, file);
      const { identity } = JSON.parse(readFileSync(path, "utf8")) as { identity?: ProcessIdentity };
      return { name: file.replace(/\.json$/, ""), path, identity };
    });
}

/**
 * Services that a living supervisor brings up. When more are asked for, it makes room for a new one, which takes up what runs;
 * then the answer is null, as it is when there was none.
 */
export async function runningServices(
  layout: Layout,
  wanted: readonly string[],
): Promise<string[] | null> {
  const head = livingSupervisor(layout);
  const has = readStatus(layout)?.services.map(({ name }) => name);
  if (!head || !has) return null;
  if (wanted.every((name) => has.includes(name))) return has;
  killGroup(head.pid);
  while (isAlive(head)) await sleep(20);
  return null;
}

export type Goal = "accepting" | "ready";
const reached = (status: StackStatus, goal: Goal): boolean =>
  status.state === "ready" || (goal === "accepting" && status.accepting_after !== null);

/** Follows events from the start until the goal, a failure, the deadline or an abort. */
export async function follow(
  layout: Layout,
  goal: Goal,
  options: { onEvent(event: StackEvent): void; signal: AbortSignal; deadlineSeconds: number },
): Promise<"reached" | "failed" | "deadline" | "interrupted" | "gone"> {
  const deadline = performance.now() + options.deadlineSeconds * 1000;
  let read = 0;
  for (;;) {
    const status = readStatus(layout);
    const text = existsSync(layout.events) ? readFileSync(layout.events, "utf8") : "";
    const whole = text.slice(read, text.lastIndexOf("\n") + 1);
    read += whole.length;
    for (const line of whole.split("\n")) if (line) options.onEvent(JSON.parse(line) as StackEvent);
    if (status && reached(status, goal)) return "reached";
    if (status?.state === "failed") return "failed";
    if (!livingSupervisor(layout)) return "gone";
    if (options.signal.aborted) return "interrupted";
    if (performance.now() > deadline) return "deadline";
    await sleep(50);
  }
}

/** Ends a stack: the supervisor in order, then whatever a dead one left. Gives the names of what was stopped. */
export async function endStack(layout: Layout): Promise<string[]> {
  const before = readStatus(layout);
  const alive = (before?.services ?? []).filter((s) => s.identity && isAlive(s.identity));
  const head = livingSupervisor(layout);
  if (head) await stop(head, "SIGTERM", 120);
  // A supervisor that was killed left its services.
  for (const { path, identity } of recorded(layout)) {
    if (identity && isAlive(identity)) await stop(identity, "SIGTERM", 10);
    rmSync(path, { force: true });
  }
  rmSync(layout.supervisor, { force: true });
  rmSync(layout.status, { force: true });
  rmSync(layout.sockets, { recursive: true, force: true });
  return alive.map(({ name }) => name);
}

export { layoutOf, livingSupervisor, readStatus, tailOf };
export type { Layout, StackStatus };
