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
import { isAlive, type ProcessIdentity } from "../../toolchain/process.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { stop, tailOf } from "./process.ts";
import { livingSupervisor, readStatus, type StackEvent, type StackStatus } from "./status.ts";

const supervisorLog = (layout: Layout) => join(layout.logs, "supervisor.log");

/** Starts the supervisor unless it lives. True when this call started it. */
export async function ensureSupervisor(
  layout: Layout,
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  if (livingSupervisor(layout)) return false;
  mkdirSync(layout.logs, { recursive: true });
  mkdirSync(layout.run, { recursive: true });
  rmSync(layout.status, { force: true });
  const log = openSync(supervisorLog(layout), "a");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", program, layout.checkout, layout.stack],
    { detached: true, stdio: ["ignore", log, log], env, cwd: layout.checkout },
  );
  closeSync(log);
  let ended = false;
  child.once("exit", () => (ended = true));
  child.unref();
  const deadline = Date.now() + 20_000;
  while (!livingSupervisor(layout) || !readStatus(layout)) {
    if (ended && !livingSupervisor(layout))
      throw new KitError({
        code: "SUPERVISOR_FAILED",
        what: "the stack's supervisor ended at once",
        why: tailOf(supervisorLog(layout), 10) || "its log is empty",
        fix: `all of its log is in ${supervisorLog(layout)}`,
        exit: Exit.failed,
      });
    if (Date.now() > deadline)
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

export type Goal = "accepting" | "ready";
const reached = (status: StackStatus, goal: Goal): boolean =>
  goal === "ready" ? status.state === "ready" : status.accepting_after !== null;

/** Follows events from the start until the goal, a failure, the deadline or an abort. */
export async function follow(
  layout: Layout,
  goal: Goal,
  options: { onEvent(event: StackEvent): void; signal: AbortSignal; deadlineSeconds: number },
): Promise<"reached" | "failed" | "deadline" | "interrupted" | "gone"> {
  const deadline = Date.now() + options.deadlineSeconds * 1000;
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
    if (Date.now() > deadline) return "deadline";
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
  for (const file of existsSync(layout.run) ? readdirSync(layout.run) : []) {
    if (!file.endsWith(".json") || ["status.json", "supervisor.json"].includes(file)) continue;
    const path = join(layout.run, file);
    const { identity } = JSON.parse(readFileSync(path, "utf8")) as { identity?: ProcessIdentity };
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
