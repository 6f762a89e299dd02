/**
 * Brings a stack's services up in the order of their needs and keeps them up. It owns no process in the sense of a parent: each
 * lives on without it, and a new supervisor recognises it by pid, start time and boot.
 */
import { mkdirSync, rmSync } from "node:fs";
import type { Profile, StackDef } from "../../model/service.ts";
import { identityOf } from "../../toolchain/process.ts";
import { holdNeeds, leasedPorts, leaseTools, type Lease } from "../../toolchain/needs.ts";
import { cacheRoot } from "../../toolchain/paths.ts";
import { provision } from "../../toolchain/provision.ts";
import type { ToolHandle, ToolName } from "../../toolchain/types.ts";
import { board } from "./board.ts";
import { endAll } from "./end.ts";
import { chooseFacts, writePrivate, type Facts } from "./facts.ts";
import { knownOr } from "./failures.ts";
import { keep } from "./keeper.ts";
import { runs } from "./kept.ts";
import type { Layout } from "./layout.ts";
import { limitLogs } from "./log-limit.ts";
import { baseEnvironment } from "./process.ts";
import { prove } from "./prove.ts";
import { resolver } from "./resolve.ts";
import type { Stage } from "./stage.ts";
import { firstWave, gate, type Gate } from "./waves.ts";

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
  const gates = (of: { name: string }[]) => new Map<string, Gate>(of.map((s) => [s.name, gate()]));
  const started = gates(stack.services);
  const ready = gates([...stack.services, ...stack.proofs]);
  const first = firstWave(stack);
  const others = gate();

  /** Two stacks that start at once choose one after the other: neither's servers listen yet. */
  async function choose(cache: string, lease: Lease): Promise<Facts> {
    const held = await holdNeeds(cache, signal);
    try {
      const facts = await chooseFacts(
        layout,
        whole,
        profile,
        (name) => runs(layout, name),
        leasedPorts(cache, layout.state),
      );
      lease.ports(Object.values(facts.ports));
      return facts;
    } finally {
      held.release();
    }
  }

  async function prepare(): Promise<Stage> {
    mkdirSync(layout.run, { recursive: true });
    rmSync(layout.events, { force: true });
    limitLogs(layout.logs);
    told.write();
    const cache = cacheRoot(env);
    // As long as one of these processes lives, `doctor --prune` leaves their tools alone.
    const lease = leaseTools(cache, layout.state, `stack ${layout.state}`);
    lease.process(identityOf()!);
    const facts = await choose(cache, lease);
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
    const resolve = resolver(layout, whole, facts, (name) => handles.get(name)!);
    for (const identity of stack.identities) resolve.writeIdentity(identity);
    for (const service of stack.services)
      for (const port of Object.keys(service.ports))
        told.service(service.name).addresses[port] = resolve.address(service.name, port);
    return {
      ...{ layout, stack, told, signal, resolve, lease, started, ready, first, others },
      base: baseEnvironment(env),
      async tool(name) {
        const handle = await tools.tool(name);
        handles.set(name, handle);
        return handle;
      },
    };
  }

  const failed = (name: string, error: unknown) => {
    if (signal.aborted) return;
    others.release();
    const found = knownOr(error);
    const proof = stack.proofs.some((p) => p.name === name);
    (proof ? told.proof(name) : told.service(name)).error = found.toDocument();
    if (proof) told.setProof(name, "failed", found.what);
    else told.setService(name, "failed", found.what);
  };

  async function run(): Promise<void> {
    const stage = await prepare();
    void Promise.all([...first].map((name) => ready.get(name)!.open)).then(others.release);
    const kept = stack.services.map((service) =>
      keep(stage, service).catch((error: unknown) => failed(service.name, error)),
    );
    for (const proof of stack.proofs)
      prove(stage, proof).catch((error: unknown) => failed(proof.name, error));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve());
    });
    told.judge();
    for (const all of [started, ready]) for (const one of all.values()) one.release();
    others.release();
    await Promise.all(kept);
    await endAll(layout, stack, told);
    stage.lease.end();
  }

  return { run, end: () => ending.abort() };
}

/** Marks this process as the supervisor of the stack. */
export const markSupervisor = (layout: Layout): void => {
  mkdirSync(layout.run, { recursive: true });
  writePrivate(layout.supervisor, JSON.stringify(identityOf()));
};
