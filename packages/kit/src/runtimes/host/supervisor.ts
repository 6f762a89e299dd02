/**
 * Brings a stack's services up in the order of their needs and keeps them up. It owns no process in the sense of a parent: each
 * lives on without it, and a new supervisor recognises it by pid, start time and boot.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KitError } from "../../model/errors.ts";
import type {
  Profile,
  ProofDef,
  ServiceDef,
  StackDef,
  TaskDef,
  Value,
} from "../../model/service.ts";
import { identityOf, isAlive, type ProcessIdentity } from "../../toolchain/process.ts";
import { leaseTools } from "../../toolchain/needs.ts";
import { cacheRoot } from "../../toolchain/paths.ts";
import { provision } from "../../toolchain/provision.ts";
import type { ToolHandle, ToolName } from "../../toolchain/types.ts";
import { pauseAfter } from "./backoff.ts";
import { board } from "./board.ts";
import { chooseFacts, writePrivate } from "./facts.ts";
import { endAll } from "./end.ts";
import { failure as failureOf, knownOr, lost, silent, taskEnd } from "./failures.ts";
import type { Layout } from "./layout.ts";
import { untilGone } from "./liveness.ts";
import { oomKills } from "./machine-facts.ts";
import { lostOf, missingOf } from "./made.ts";
import { baseEnvironment, identify, launch, sizeOf, stop, tailOf } from "./process.ts";
import { probe } from "./probe.ts";
import { resolver } from "./resolve.ts";
import type { Phase } from "./status.ts";
import { runTask } from "./tasks.ts";
import { firstWave, gate, type Gate } from "./waves.ts";

const tailLines = 20;
const pollMs = 60;

/** How a kept process is recognised as this very service: what it was started with. */
interface Kept {
  identity: ProcessIdentity;
  /** Hash of its command, environment and files; another one means a restart. */
  signature: string;
  logStart: number;
}

/** A process that is up, and what is known of its end. */
interface Running {
  kept: Kept;
  exit(): number | string | null;
  /** Of a process that an earlier supervisor started nobody is told. */
  end: AbortSignal;
  oomKillsBefore: number;
}

export interface Supervisor {
  /** Resolves when the stack was ended. */
  run(): Promise<void>;
  end(): void;
}

export interface StackChoice {
  /** All services: of their ports and secrets every configuration tells, running or not. */
  whole: StackDef;
  /** Those that this supervisor brings up. */
  stack: StackDef;
  profile: Profile;
}

export function supervisor(
  layout: Layout,
  { whole, stack, profile }: StackChoice,
  env: NodeJS.ProcessEnv,
): Supervisor {
  const ending = new AbortController();
  const { signal } = ending;
  const told = board(layout, stack, profile, signal);
  const { status, service: statusOf } = told;
  const gates = (names: string[]) => new Map<string, Gate>(names.map((name) => [name, gate()]));
  const started = gates(stack.services.map((s) => s.name));
  /** Of services that are ready, and proofs that are done. */
  const ready = gates([...stack.services, ...stack.proofs].map(({ name }) => name));
  const first = firstWave(stack);
  /** Opens when files are accepted, or when nothing is won by waiting for that. */
  const others = gate();

  async function run(): Promise<void> {
    mkdirSync(layout.run, { recursive: true });
    rmSync(layout.events, { force: true });
    told.write();
    const recordOf = (name: string) => join(layout.run, `${name}.json`);
    const runs = (name: string) => {
      const kept = readKept(recordOf(name));
      return kept !== null && isAlive(kept.identity);
    };
    const facts = await chooseFacts(layout, whole, profile, runs);
    const early = new Set(
      stack.services.filter((s) => first.has(s.name)).flatMap(({ tools }) => tools),
    );
    const tools = provision([...new Set(stack.services.flatMap((s) => s.tools))] as ToolName[], {
      checkout: layout.checkout,
      env,
      offline: env["GRIDATA_OFFLINE"] === "1",
      signal,
      onProgress(event) {
        // What is still to be made is waited for by its own service alone.
        if (event.kind === "tool" && event.state !== "present" && early.has(event.tool))
          others.release();
        told.tell(event);
      },
    });
    const handles = new Map<string, ToolHandle>();
    // As long as one of these processes lives, `doctor --prune` leaves their tools alone.
    const lease = leaseTools(cacheRoot(env), layout.state, `stack ${layout.state}`);
    lease.process(identityOf()!);
    const resolve = resolver(layout, whole, facts, (name) => handles.get(name)!);
    for (const identity of stack.identities) resolve.writeIdentity(identity);
    for (const service of stack.services)
      for (const port of Object.keys(service.ports))
        statusOf(service.name).addresses[port] = resolve.address(service.name, port);
    const base = baseEnvironment(env);

    const environmentOf = (service: string, values: Record<string, Value> = {}) => ({
      ...base,
      ...Object.fromEntries(Object.entries(values).map(([k, v]) => [k, resolve.text(service, v)])),
    });
    const taskOf = (owner: string, task: TaskDef, onStart: () => void) =>
      runTask(task, {
        log: join(layout.logs, `${owner}.log`),
        cwd: resolve.text(owner, { kind: "path", area: "data", rest: "" }),
        text: (value) => resolve.text(owner, value),
        environment: (values) => environmentOf(owner, values),
        missing: async (made) => (await missingOf(made, resolve))?.what ?? null,
        ...{ signal, onStart },
      });

    async function serviceTask(service: ServiceDef, task: TaskDef): Promise<void> {
      const { name } = service;
      const oomKillsBefore = oomKills();
      const failed = await told.during(
        statusOf(name),
        { what: task.summary || task.name },
        taskOf(name, task, () => {
          if (task.summary) told.setService(name, "preparing", task.summary);
        }),
      );
      if (failed)
        throw failure(name, taskEnd(task, failed), failed.tail, failed.code, oomKillsBefore);
    }

    const failure = (
      name: string,
      what: string,
      tail: string,
      exit: number | string | null,
      oomKillsBefore: number,
    ) => failureOf(layout.state, { name, what, tail, exit, oomKillsBefore });
    const ended = (service: ServiceDef, what: string, running: Running): KitError => {
      const tail = tailOf(statusOf(service.name).log, tailLines, running.kept.logStart);
      return failure(service.name, what, tail, running.exit(), running.oomKillsBefore);
    };

    /** Starts a service, or finds it running; resolves once it is ready. */
    async function bringUp(service: ServiceDef): Promise<Running> {
      const { name } = service;
      const state = statusOf(name);
      const files = service.files.map((file) => resolve.writeFile(name, file));
      const argv = service.process.argv.map((value) => resolve.text(name, value));
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
      const oomKillsBefore = oomKills();
      let exit: Running["exit"] = () => null;
      const end = new AbortController();
      if (kept) status.reattached++;
      else {
        mkdirSync(join(layout.state, "data", name, "tmp"), { recursive: true });
        for (const task of service.before) await serviceTask(service, task);
        signal.throwIfAborted();
        told.setService(name, "starting");
        const logStart = sizeOf(state.log);
        const child = launch({
          ...{ argv, env: environmentOf(name, service.process.env), log: state.log },
          cwd: service.process.cwd
            ? resolve.text(name, service.process.cwd)
            : join(layout.state, "data", name),
          unprivileged: service.process.unprivileged ?? false,
        });
        exit = () => child.exitCode ?? child.signalCode;
        child.once("exit", () => end.abort());
        await new Promise<void>((done, fail) => {
          child.once("spawn", done);
          child.once("error", (error) =>
            fail(failure(name, "it can't be started", String(error), null, oomKillsBefore)),
          );
        });
        const identity = identify(child);
        if (!identity) {
          const tail = tailOf(state.log, tailLines, logStart);
          throw failure(name, "it ended at once", tail, exit(), oomKillsBefore);
        }
        kept = { identity, signature, logStart };
        writePrivate(recordOf(name), JSON.stringify(kept));
      }
      state.identity = kept.identity;
      lease.process(kept.identity);
      state.pid = kept.identity.pid;
      state.started_after ??= told.since();
      started.get(name)!.release();
      const running = { kept, exit, end: end.signal, oomKillsBefore };
      await told.during(state, { what: "its own start" }, untilReady(service, running));
      for (const task of service.after) await serviceTask(service, task);
      told.setService(name, "ready");
      ready.get(name)!.release();
      return running;
    }

    async function untilReady(service: ServiceDef, running: Running): Promise<void> {
      const { name } = service;
      const { log } = statusOf(name);
      const { identity, logStart } = running.kept;
      const context = { service: name, resolver: resolve, log, logStart };
      const deadline = performance.now() + service.readyDeadlineSeconds * 1000;
      for (const def of service.ready) {
        for (let said = ""; ;) {
          const missing = await probe(def, context);
          if (missing === null) break;
          signal.throwIfAborted();
          if (!isAlive(identity)) throw ended(service, "it ended before it was ready", running);
          if (performance.now() > deadline)
            throw ended(
              service,
              `not ready within ${service.readyDeadlineSeconds} s: ${missing}`,
              running,
            );
          if (missing !== said) told.setService(service.name, "starting", missing);
          said = missing;
          await sleep(pollMs);
        }
      }
    }

    /** Ends when it must be started again: it ended, it is silent, or what it had made is gone; says why. */
    async function watch(service: ServiceDef, running: Running): Promise<KitError | null> {
      const { name } = service;
      const { log } = statusOf(name);
      const { identity, logStart } = running.kept;
      const context = { service: name, resolver: resolve, log, logStart };
      const gone = await untilGone(
        identity,
        { alive: () => probe(service.alive, context), lost: () => lostOf(service, resolve) },
        signal,
        running.end,
      );
      if (gone === null) return null;
      if (gone.how === "ended") return ended(service, endOf(running), running);
      const polite = service.process.stop;
      if (gone.how === "lost") await stop(identity, polite.signal, polite.graceSeconds);
      // A silent one does not hear a polite signal either.
      else await stop(identity, "SIGTERM", 1);
      return (gone.how === "lost" ? lost : silent)(name, gone.why);
    }

    async function waits(
      of: { phases: Phase[] },
      what: string,
      on: string,
      wait: Promise<unknown>,
    ) {
      await told.during(of, { what, on }, wait);
    }

    /** Keeps one service up until the stack ends. */
    async function keep(service: ServiceDef): Promise<void> {
      const { name } = service;
      const state = statusOf(name);
      for (const tool of service.tools as ToolName[]) {
        state.waiting_for = `tool ${tool}`;
        const what = `the tool ${tool}`;
        handles.set(tool, await told.during(state, { what, on: tool }, tools.tool(tool)));
        lease.tool(handles.get(tool)!);
      }
      if (!first.has(name) && first.size > 0) {
        told.setService(name, "waiting", "files to be accepted");
        await waits(state, "files to be accepted", "accepting", others.open);
      }
      for (const { service: other, until } of service.needs) {
        told.setService(name, "waiting", `${other} ${until}`);
        const wait = (until === "ready" ? ready : started).get(other)!.open;
        await waits(state, `${other} ${until}`, other, wait);
      }
      let wasUp = false;
      for (let failures = 0; !signal.aborted;) {
        let why: KitError | null;
        try {
          const running = await bringUp(service);
          wasUp = true;
          const upSince = performance.now();
          why = await watch(service, running);
          if (!why) return;
          if (performance.now() - upSince > 60_000) failures = 0;
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

    async function prove(proof: ProofDef): Promise<void> {
      const state = told.proof(proof.name);
      for (const other of proof.needs) {
        state.waiting_for = other;
        await waits(state, other, other, ready.get(other)!.open);
      }
      // Services that were found running have proven it in their own start.
      const record = join(layout.run, `${proof.name}.proof`);
      const now = JSON.stringify(proof.needs.map((name) => readKept(recordOf(name))?.identity));
      if (readText(record) !== now) {
        const before = oomKills();
        const running = () => told.setProof(proof.name, "running", proof.summary);
        const task = taskOf(proof.name, proof.task, running);
        const failed = await told.during(state, { what: proof.task.summary }, task);
        if (signal.aborted) return;
        if (failed)
          throw failure(proof.name, taskEnd(proof.task, failed), failed.tail, failed.code, before);
        writePrivate(record, now);
        // Nobody waits for it; what it can't remove the next start's does.
        if (proof.cleanup) void taskOf(proof.name, proof.cleanup, () => {});
      }
      told.setProof(proof.name, "done");
      ready.get(proof.name)!.release();
    }

    const failed = (name: string, error: unknown, set: (what: string) => void) => {
      if (signal.aborted) return;
      others.release();
      const found = knownOr(error);
      const of = stack.proofs.some((p) => p.name === name) ? told.proof(name) : statusOf(name);
      of.error = found.toDocument();
      set(found.what);
    };
    void Promise.all([...first].map((name) => ready.get(name)!.open)).then(others.release);
    const kept = stack.services.map((service) =>
      keep(service).catch((error: unknown) =>
        failed(service.name, error, (what) => told.setService(service.name, "failed", what)),
      ),
    );
    for (const proof of stack.proofs)
      prove(proof).catch((error: unknown) =>
        failed(proof.name, error, (what) => told.setProof(proof.name, "failed", what)),
      );
    await new Promise<void>((resolve_) => {
      if (signal.aborted) resolve_();
      signal.addEventListener("abort", () => resolve_());
    });
    told.judge();
    for (const all of [started, ready]) for (const one of all.values()) one.release();
    others.release();
    await Promise.all(kept);
    await endAll(layout, stack, told);
    lease.end();
  }

  return { run, end: () => ending.abort() };
}

const endOf = (running: Running): string => {
  const exit = running.exit();
  return exit === null ? "it ended by itself" : `it ended with ${exit}`;
};

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function readKept(path: string): Kept | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Kept;
  } catch {
    return null;
  }
}

/** Marks this process as the supervisor of the stack. */
export const markSupervisor = (layout: Layout): void => {
  mkdirSync(layout.run, { recursive: true });
  writePrivate(layout.supervisor, JSON.stringify(identityOf()));
};
