/**
 * One supervisor a stack: brings tools in, starts services as soon as what each needs is there, restarts what dies, ends all in
 * order. Services outlive it: the next one finds them by their recorded identity.
 */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Exit, KitError } from "../../model/errors.ts";
import type { ServiceDef, StackDef, TaskDef, Value } from "../../model/service.ts";
import { identityOf, isAlive, killGroup, type ProcessIdentity } from "../../toolchain/process.ts";
import { leaseTools } from "../../toolchain/needs.ts";
import { cacheRoot } from "../../toolchain/paths.ts";
import { provision } from "../../toolchain/provision.ts";
import type { ToolHandle, ToolName } from "../../toolchain/types.ts";
import { chooseFacts, writePrivate } from "./facts.ts";
import type { Layout } from "./layout.ts";
import { identify, launch, stop, tailOf } from "./process.ts";
import { probe } from "./probe.ts";
import { resolver } from "./resolve.ts";
import type { ServiceState, ServiceStatus, StackEvent, StackState, StackStatus } from "./status.ts";

const tailLines = 20;
const pollMs = 60;

/** How a kept process is recognised as this very service: what it was started with. */
interface Kept {
  identity: ProcessIdentity;
  /** Hash of its command, environment and files; another one means a restart. */
  signature: string;
  logStart: number;
}

export interface Supervisor {
  /** Resolves when the stack was ended. */
  run(): Promise<void>;
  end(): void;
}

export function supervisor(layout: Layout, stack: StackDef, env: NodeJS.ProcessEnv): Supervisor {
  const begun = Date.now();
  const since = () => (Date.now() - begun) / 1000;
  const ending = new AbortController();
  const status: StackStatus = {
    ...{
      schema: "gridata.supervisor/1",
      state: "starting",
      stack: layout.stack,
      started_at: begun,
    },
    ...{ accepting_after: null, ready_after: null, reattached: 0 },
    services: stack.services.map((service) => ({
      ...{ name: service.name, summary: service.summary, state: "waiting", pid: null },
      ...{ identity: null, restarts: 0, addresses: {}, waiting_for: null },
      log: join(layout.logs, `${service.name}.log`),
      ...{ started_after: null, ready_after: null, error: null },
    })),
  };
  const statusOf = (name: string): ServiceStatus => status.services.find((s) => s.name === name)!;
  const write = () => writePrivate(layout.status, JSON.stringify(status));
  const tell = (event: StackEvent) => appendFileSync(layout.events, `${JSON.stringify(event)}\n`);

  const started = new Map<string, PromiseWithResolvers<void>>();
  const ready = new Map<string, PromiseWithResolvers<void>>();
  for (const { name } of stack.services)
    for (const waits of [started, ready]) {
      const gate = Promise.withResolvers<void>();
      gate.promise.catch(() => {});
      waits.set(name, gate);
    }

  function set(name: string, state: ServiceState, what = ""): void {
    const service = statusOf(name);
    service.state = state;
    service.waiting_for = state === "ready" || state === "stopped" ? null : what || null;
    if (state === "ready") {
      service.ready_after ??= since();
      service.error = null;
    }
    tell({ kind: "service", service: name, state, what, seconds: since() });
    judge();
  }

  function judge(): void {
    const states = status.services.map((s) => s.state);
    const isReady = (name: string) => statusOf(name).state === "ready";
    const accepting = stack.services.filter((s) => s.accepting).every((s) => isReady(s.name));
    let state: StackState = "starting";
    if (ending.signal.aborted) state = "stopping";
    else if (states.every((s) => s === "ready")) state = "ready";
    else if (states.includes("failed")) state = "failed";
    else if (status.ready_after !== null) state = "degraded";
    else if (accepting) state = "accepting";
    if (accepting) status.accepting_after ??= since();
    if (state === "ready") status.ready_after ??= since();
    if (state !== status.state) {
      status.state = state;
      tell({ kind: "stack", state, what: "", seconds: since() });
    }
    write();
  }

  async function run(): Promise<void> {
    mkdirSync(layout.run, { recursive: true });
    rmSync(layout.events, { force: true });
    write();
    const facts = await chooseFacts(layout, stack);
    const tools = provision([...new Set(stack.services.flatMap((s) => s.tools))] as ToolName[], {
      checkout: layout.checkout,
      env,
      offline: env["GRIDATA_OFFLINE"] === "1",
      signal: ending.signal,
      onProgress: tell,
    });
    const handles = new Map<string, ToolHandle>();
    // As long as one of these processes lives, `doctor --prune` leaves their tools alone.
    const lease = leaseTools(cacheRoot(env), layout.state, `stack ${layout.state}`);
    lease.process(identityOf()!);
    const resolve = resolver(layout, stack, facts, (name) => handles.get(name)!);
    for (const identity of stack.identities) resolve.writeIdentity(identity);
    for (const service of stack.services)
      for (const port of Object.keys(service.ports))
        statusOf(service.name).addresses[port] = resolve.address(service.name, port);
    const base = baseEnvironment(env);

    const valuesOf = (service: string, values: Value[]) =>
      values.map((v) => resolve.text(service, v));
    const environmentOf = (service: string, values: Record<string, Value> = {}) => ({
      ...base,
      ...Object.fromEntries(Object.entries(values).map(([k, v]) => [k, resolve.text(service, v)])),
    });
    const recordOf = (name: string) => join(layout.run, `${name}.json`);

    async function runTask(service: ServiceDef, task: TaskDef): Promise<void> {
      if (task.unless && existsSync(resolve.text(service.name, task.unless))) return;
      set(service.name, "preparing", task.summary);
      const log = statusOf(service.name).log;
      const from = sizeOf(log);
      const child = launch({
        argv: valuesOf(service.name, task.argv),
        env: environmentOf(service.name, task.env),
        cwd: resolve.text(service.name, { kind: "path", area: "data", rest: "" }),
        log,
        unprivileged: task.unprivileged ?? false,
      });
      const ended = new Promise<number | string | null>((done) => {
        child.once("error", (error) => done(String(error)));
        child.once("exit", (code, signal) => done(code ?? signal));
      });
      const timer = setTimeout(() => killGroup(child.pid), task.deadlineSeconds * 1000);
      const abort = () => killGroup(child.pid);
      ending.signal.addEventListener("abort", abort);
      const code = await ended;
      clearTimeout(timer);
      ending.signal.removeEventListener("abort", abort);
      if (code !== 0)
        throw failure(
          service,
          `its task '${task.name}' ended with ${code}`,
          tailOf(log, tailLines, from),
        );
    }

    function failure(service: ServiceDef, what: string, tail: string): KitError {
      return new KitError({
        code: "SERVICE_FAILED",
        what: `${service.name}: ${what}`,
        why: tail || "its log is empty",
        fix: `all of its log: ./gridata logs ${service.name}`,
        exit: Exit.failed,
      });
    }

    /** Starts a service, or finds it running; resolves once it is ready. */
    async function bringUp(service: ServiceDef): Promise<ProcessIdentity> {
      const { name } = service;
      const state = statusOf(name);
      const files = service.files.map((file) => resolve.writeFile(name, file));
      const argv = valuesOf(name, service.process.argv);
      const serviceEnv = environmentOf(name, service.process.env);
      // Of the values, not their number: a setting that changed must not stay out of effect.
      const values = Object.values(service.process.env).map((value) => resolve.text(name, value));
      const signature = createHash("sha256")
        .update(JSON.stringify([argv, values, files]))
        .digest("hex");
      let kept = readKept(recordOf(name));
      if (kept && (!isAlive(kept.identity) || kept.signature !== signature)) {
        await stop(kept.identity, service.process.stop.signal, service.process.stop.graceSeconds);
        kept = null;
      }
      if (kept) status.reattached++;
      else {
        mkdirSync(join(layout.state, "data", name, "tmp"), { recursive: true });
        for (const task of service.before) await runTask(service, task);
        ending.signal.throwIfAborted();
        set(name, "starting");
        const logStart = sizeOf(state.log);
        const child = launch({
          ...{ argv, env: serviceEnv, log: state.log },
          cwd: service.process.cwd
            ? resolve.text(name, service.process.cwd)
            : join(layout.state, "data", name),
          unprivileged: service.process.unprivileged ?? false,
        });
        await new Promise<void>((done, fail) => {
          child.once("spawn", done);
          child.once("error", (error) =>
            fail(failure(service, "it can't be started", String(error))),
          );
        });
        const identity = identify(child);
        if (!identity)
          throw failure(service, "it ended at once", tailOf(state.log, tailLines, logStart));
        kept = { identity, signature, logStart };
        writePrivate(recordOf(name), JSON.stringify(kept));
      }
      state.identity = kept.identity;
      lease.process(kept.identity);
      state.pid = kept.identity.pid;
      state.started_after ??= since();
      started.get(name)!.resolve();
      await untilReady(service, kept);
      for (const task of service.after) await runTask(service, task);
      set(name, "ready");
      ready.get(name)!.resolve();
      return kept.identity;
    }

    async function untilReady(service: ServiceDef, kept: Kept): Promise<void> {
      const { log } = statusOf(service.name);
      const context = { service: service.name, resolver: resolve, log, logStart: kept.logStart };
      const deadline = Date.now() + service.readyDeadlineSeconds * 1000;
      for (const def of service.ready) {
        for (let said = ""; ;) {
          const missing = await probe(def, context);
          if (missing === null) break;
          ending.signal.throwIfAborted();
          if (!isAlive(kept.identity))
            throw failure(
              service,
              "it ended before it was ready",
              tailOf(log, tailLines, kept.logStart),
            );
          if (Date.now() > deadline)
            throw failure(
              service,
              `not ready within ${service.readyDeadlineSeconds} s: ${missing}`,
              tailOf(log, tailLines, kept.logStart),
            );
          if (missing !== said) set(service.name, "starting", missing);
          said = missing;
          await sleep(pollMs);
        }
      }
    }

    /** Keeps one service up until the stack ends. */
    async function keep(service: ServiceDef): Promise<void> {
      const { name } = service;
      for (const tool of service.tools as ToolName[]) {
        statusOf(name).waiting_for = `tool ${tool}`;
        handles.set(tool, await tools.tool(tool));
        lease.tool(handles.get(tool)!);
      }
      for (const need of service.needs) {
        set(name, "waiting", `${need.service} ${need.until}`);
        await (need.until === "ready" ? ready : started).get(need.service)!.promise;
      }
      let first = true;
      for (let failures = 0; !ending.signal.aborted;) {
        try {
          const identity = await bringUp(service);
          first = false;
          const upSince = Date.now();
          while (isAlive(identity) && !ending.signal.aborted)
            await sleep(200, undefined, { ref: true });
          if (ending.signal.aborted) return;
          if (Date.now() - upSince > 60_000) failures = 0;
          statusOf(name).restarts++;
          set(
            name,
            "restarting",
            `it ended by itself; its last lines are in ${statusOf(name).log}`,
          );
        } catch (error) {
          if (ending.signal.aborted) return;
          statusOf(name).error = errorOf(error);
          const identity = statusOf(name).identity;
          if (identity) await stop(identity, "SIGTERM", 2);
          if (first) {
            set(name, "failed", statusOf(name).error!.what);
            return;
          }
          set(name, "restarting", statusOf(name).error!.what);
        }
        // Doubled with each failure in a row, half a minute at most.
        const pause = Math.min(30_000, 250 * 2 ** failures++);
        await sleep(pause, undefined, { signal: ending.signal }).catch(() => {});
      }
    }

    const kept = stack.services.map((service) =>
      keep(service).catch((error: unknown) => {
        if (ending.signal.aborted) return;
        statusOf(service.name).error = errorOf(error);
        set(service.name, "failed", statusOf(service.name).error!.what);
      }),
    );
    await new Promise<void>((resolve_) => {
      if (ending.signal.aborted) resolve_();
      ending.signal.addEventListener("abort", () => resolve_());
    });
    judge();
    await Promise.all(kept);
    await endAll();
    lease.end();
  }

  /** In reverse order: who needs another goes first. Those that don't need each other end together. */
  async function endAll(): Promise<void> {
    const left = new Set(stack.services.map((s) => s.name));
    while (left.size > 0) {
      const wave = stack.services.filter(
        (service) =>
          left.has(service.name) &&
          !stack.services.some(
            (other) => left.has(other.name) && other.needs.some((n) => n.service === service.name),
          ),
      );
      await Promise.all(
        wave.map(async (service) => {
          const { identity } = statusOf(service.name);
          if (identity) {
            set(service.name, "stopping");
            await stop(identity, service.process.stop.signal, service.process.stop.graceSeconds);
          }
          rmSync(join(layout.run, `${service.name}.json`), { force: true });
          statusOf(service.name).pid = null;
          set(service.name, "stopped");
        }),
      );
      for (const service of wave) left.delete(service.name);
    }
  }

  return { run, end: () => ending.abort() };
}

/** What every process of a stack has; the rest of a person's shell is none of its business. */
function baseEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "XDG_CACHE_HOME",
  ];
  return {
    ...Object.fromEntries(kept.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
    LANG: "C.UTF-8",
    TZ: "UTC",
  };
}

/** What a failure says of itself; of a bug, its trace. */
const errorOf = (error: unknown): NonNullable<ServiceStatus["error"]> =>
  error instanceof KitError
    ? error.toDocument()
    : { code: "INTERNAL", what: String(error), why: (error as Error).stack ?? "", fix: "" };

function readKept(path: string): Kept | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Kept;
  } catch {
    return null;
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Marks this process as the supervisor of the stack. */
export const markSupervisor = (layout: Layout): void => {
  mkdirSync(layout.run, { recursive: true });
  writePrivate(layout.supervisor, JSON.stringify(identityOf()));
};
