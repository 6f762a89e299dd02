/** Keeps one service up until the stack ends: starts it or finds it running, watches it, starts it again. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KitError } from "../../model/errors.ts";
import type { ServiceDef, TaskDef } from "../../model/service.ts";
import { isAlive } from "../../toolchain/process.ts";
import type { ToolName } from "../../toolchain/types.ts";
import { pauseAfter, steadyAfter } from "./backoff.ts";
import { knownOr, lost, silent, taskEnd } from "./failures.ts";
import { readKept, writeKept, type Kept } from "./kept.ts";
import { untilGone } from "./liveness.ts";
import { limitLog } from "./log-limit.ts";
import { oomKills } from "./machine-facts.ts";
import { lostOf } from "./made.ts";
import { identify, launch, sizeOf, stop, tailOf } from "./process.ts";
import { probe, type ProbeContext } from "./probe.ts";
import { keepProofs } from "./prove.ts";
import { environmentOf, failureOf, taskOf, waits, type Stage } from "./stage.ts";

const tailLines = 20;
/** Until something is ready: often at first, because some are up in a blink, and a slow one is not asked all the time. */
const pollAfter = (waitedMs: number): number => Math.min(60, Math.max(5, waitedMs / 10));

/** A process that is up, and what is known of its end. */
interface Running {
  kept: Kept;
  exit(): number | string | null;
  /** Of a process that an earlier supervisor started nobody is told. */
  end: AbortSignal;
  oomKillsBefore: number;
}

export async function keep(stage: Stage, service: ServiceDef): Promise<void> {
  const { told, signal } = stage;
  const { name } = service;
  const state = told.service(name);
  await untilItsTurn(stage, service);
  let wasUp = false;
  for (let failures = 0; !signal.aborted;) {
    let why: KitError | null;
    try {
      const running = await bringUp(stage, service, wasUp);
      wasUp = true;
      const upSince = performance.now();
      why = await watch(stage, service, running);
      if (!why) return;
      if (performance.now() - upSince > steadyAfter) failures = 0;
      state.restarts++;
      // Why it was lost; what is in the way of its coming back is its error.
      state.restarted_because = why.what;
    } catch (error) {
      if (signal.aborted) return;
      const { identity } = state;
      if (identity) await stop(identity, "SIGTERM", 2);
      if (!wasUp) throw error;
      why = knownOr(error);
    }
    state.error = why.toDocument();
    told.setService(name, "restarting", why.what);
    await sleep(pauseAfter(failures++), undefined, { signal }).catch(() => {});
  }
}

/** Its tools are in, files are accepted or it is part of that, and what it needs is there. */
async function untilItsTurn(stage: Stage, { name, tools, needs }: ServiceDef): Promise<void> {
  const { told, lease } = stage;
  const state = told.service(name);
  for (const tool of tools as ToolName[]) {
    state.waiting_for = `tool ${tool}`;
    const what = `the tool ${tool}`;
    lease.tool(await told.during(state, { what, on: tool }, stage.tool(tool)));
  }
  if (!stage.first.has(name) && stage.first.size > 0) {
    told.setService(name, "waiting", "files to be accepted");
    await waits(stage, state, "files to be accepted", "accepting", stage.others.open);
  }
  for (const { service: other, until } of needs) {
    told.setService(name, "waiting", `${other} ${until}`);
    const wait = (until === "ready" ? stage.ready : stage.started).get(other)!.open;
    await waits(stage, state, `${other} ${until}`, other, wait);
  }
}

/** Starts a service, or finds it running; resolves once it is ready. */
async function bringUp(stage: Stage, service: ServiceDef, wasUp: boolean): Promise<Running> {
  const { layout, told, lease, resolve } = stage;
  const { name } = service;
  const state = told.service(name);
  const files = service.files.map((file) => resolve.writeFile(name, file));
  const argv = service.process.argv.map((value) => resolve.text(name, value));
  // Of the values, not their number: a setting that changed must not stay out of effect.
  const values = Object.values(service.process.env).map((value) => resolve.text(name, value));
  const signature = createHash("sha256")
    .update(JSON.stringify([argv, values, files]))
    .digest("hex");
  let kept = readKept(layout, name);
  if (kept && (!isAlive(kept.identity) || kept.signature !== signature)) {
    await stop(kept.identity, service.process.stop.signal, service.process.stop.graceSeconds);
    kept = null;
  }
  const found = kept !== null;
  if (found) told.status.reattached++;
  const running = kept
    ? { kept, exit: () => null, end: new AbortController().signal, oomKillsBefore: oomKills() }
    : await start(stage, service, argv, signature);
  const { identity } = running.kept;
  state.identity = identity;
  lease.process(identity);
  state.pid = identity.pid;
  stage.started.get(name)!.release();
  await told.during(state, { what: "its own start" }, untilReady(stage, service, running));
  for (const task of service.after) await serviceTask(stage, service, task);
  running.kept.ready = true;
  writeKept(layout, name, running.kept);
  // Before anyone hears that it is ready: this supervisor may be gone right after.
  if (wasUp) keepProofs(stage, name);
  told.setService(name, "ready");
  stage.ready.get(name)!.release();
  return running;
}

async function start(
  stage: Stage,
  service: ServiceDef,
  argv: string[],
  signature: string,
): Promise<Running> {
  const { layout, told, resolve, signal } = stage;
  const { name } = service;
  const { log } = told.service(name);
  const oomKillsBefore = oomKills();
  mkdirSync(join(layout.state, "data", name, "tmp"), { recursive: true });
  for (const task of service.before) await serviceTask(stage, service, task);
  signal.throwIfAborted();
  told.setService(name, "starting");
  const logStart = sizeOf(log);
  const child = launch({
    ...{ argv, env: environmentOf(stage, name, service.process.env), log },
    cwd: service.process.cwd
      ? resolve.text(name, service.process.cwd)
      : join(layout.state, "data", name),
    unprivileged: service.process.unprivileged ?? false,
  });
  const exit = () => child.exitCode ?? child.signalCode;
  const end = new AbortController();
  child.once("exit", () => end.abort());
  await new Promise<void>((done, fail) => {
    child.once("spawn", done);
    child.once("error", (error) =>
      fail(failureOf(stage, name, "it can't be started", String(error), null, oomKillsBefore)),
    );
  });
  const identity = identify(child);
  if (!identity) {
    const tail = tailOf(log, tailLines, logStart);
    throw failureOf(stage, name, "it ended at once", tail, exit(), oomKillsBefore);
  }
  const kept = { identity, signature, logStart };
  writeKept(layout, name, kept);
  return { kept, exit, end: end.signal, oomKillsBefore };
}

async function serviceTask(stage: Stage, { name }: ServiceDef, task: TaskDef): Promise<void> {
  const { told } = stage;
  const oomKillsBefore = oomKills();
  const failed = await told.during(
    told.service(name),
    { what: task.summary || task.name },
    taskOf(stage, name, task, () => {
      if (task.summary) told.setService(name, "preparing", task.summary);
    }),
  );
  if (failed)
    throw failureOf(stage, name, taskEnd(task, failed), failed.tail, failed.code, oomKillsBefore);
}

async function untilReady(stage: Stage, service: ServiceDef, running: Running): Promise<void> {
  const { told, signal } = stage;
  const { name } = service;
  const { identity, ready } = running.kept;
  const begun = performance.now();
  const deadline = begun + service.readyDeadlineSeconds * 1000;
  for (const def of service.ready) {
    if (ready && def.kind === "log") continue;
    for (let said = ""; ;) {
      const missing = await probe(def, probed(stage, name, running));
      if (missing === null) break;
      signal.throwIfAborted();
      if (!isAlive(identity)) throw ended(stage, service, "it ended before it was ready", running);
      if (performance.now() > deadline)
        throw ended(
          stage,
          service,
          `not ready within ${service.readyDeadlineSeconds} s: ${missing}`,
          running,
        );
      if (missing !== said) told.setService(name, "starting", missing);
      said = missing;
      await sleep(pollAfter(performance.now() - begun));
    }
  }
}

const probed = ({ told, resolve }: Stage, name: string, { kept }: Running): ProbeContext => ({
  ...{ service: name, resolver: resolve },
  ...{ log: told.service(name).log, logStart: kept.logStart },
});

/** Ends when it must be started again: it ended, it is silent, or what it had made is gone; says why. */
async function watch(
  stage: Stage,
  service: ServiceDef,
  running: Running,
): Promise<KitError | null> {
  const { layout, told, signal, resolve } = stage;
  const { name } = service;
  const { kept } = running;
  const alive = () => {
    if (limitLog(told.service(name).log)) {
      kept.logStart = 0;
      writeKept(layout, name, kept);
    }
    return probe(service.alive, probed(stage, name, running));
  };
  const questions = { alive, lost: () => lostOf(service, resolve) };
  const gone = await untilGone(kept.identity, questions, signal, running.end);
  if (gone === null) return null;
  if (gone.how === "ended") return ended(stage, service, endOf(running), running);
  const polite = service.process.stop;
  if (gone.how === "lost") await stop(kept.identity, polite.signal, polite.graceSeconds);
  // A silent one does not hear a polite signal either.
  else await stop(kept.identity, "SIGTERM", 1);
  return (gone.how === "lost" ? lost : silent)(name, gone.why);
}

const endOf = (running: Running): string => {
  const exit = running.exit();
  return exit === null ? "it ended by itself" : `it ended with ${exit}`;
};

function ended(stage: Stage, { name }: ServiceDef, what: string, running: Running): KitError {
  const tail = tailOf(stage.told.service(name).log, tailLines, running.kept.logStart);
  return failureOf(stage, name, what, tail, running.exit(), running.oomKillsBefore);
}
