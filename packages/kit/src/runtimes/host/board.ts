/** What is known of a start, told as a snapshot and as events. Nobody else writes either. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Profile, StackDef } from "../../model/service.ts";
import { writePrivate } from "./facts.ts";
import { sayWithReserve } from "./full-disk.ts";
import type { Layout } from "./layout.ts";
import type {
  ProofState,
  ProofStatus,
  ServiceState,
  ServiceStatus,
  StackEvent,
  StackState,
  StackStatus,
} from "./status.ts";

export interface Board {
  status: StackStatus;
  service(name: string): ServiceStatus;
  proof(name: string): ProofStatus;
  /** Seconds since the supervisor's start, by a clock that nobody sets. */
  since(): number;
  setService(name: string, state: ServiceState, what?: string): void;
  setProof(name: string, state: ProofState, what?: string): void;
  /** Waits for `work` and keeps what that took, of a start: what follows has no end. */
  during<T>(
    of: ServiceStatus | ProofStatus,
    phase: { what: string; on?: string },
    work: Promise<T>,
  ): Promise<T>;
  tell(event: StackEvent): void;
  write(): void;
  /** Looks at everything anew: the stack may have another state. */
  judge(): void;
}

export function board(
  layout: Layout,
  stack: StackDef,
  profile: Profile,
  ending: AbortSignal,
): Board {
  const begun = performance.now();
  const since = () => (performance.now() - begun) / 1000;
  const log = (name: string) => join(layout.logs, `${name}.log`);
  const status: StackStatus = {
    ...{ schema: "gridata.supervisor/1", state: "starting", stack: layout.stack, profile },
    ...{ started_at: Date.now(), accepting_after: null, ready_after: null, reattached: 0 },
    services: stack.services.map(({ name, summary }) => ({
      ...{
        name,
        summary,
        state: "waiting",
        pid: null,
        identity: null,
        restarts: 0,
        restarted_because: null,
      },
      ...{ addresses: {}, waiting_for: null, log: log(name), ready_after: null },
      ...{ error: null, phases: [] },
    })),
    proofs: stack.proofs.map(({ name, summary }) => ({
      ...{ name, summary, state: "waiting", waiting_for: null, log: log(name) },
      ...{ done_after: null, error: null, phases: [] },
    })),
  };
  const service = (name: string) => status.services.find((s) => s.name === name)!;
  const proof = (name: string) => status.proofs.find((p) => p.name === name)!;
  const reserve = join(layout.run, "reserve");
  const write = () =>
    sayWithReserve(reserve, () => writePrivate(layout.status, JSON.stringify(status)));
  const tell = (event: StackEvent) =>
    sayWithReserve(reserve, () => appendFileSync(layout.events, `${JSON.stringify(event)}\n`));

  function stateNow(): StackState {
    const states = status.services.map((s) => s.state);
    const proofs = status.proofs.map((p) => p.state);
    if (ending.aborted) return "stopping";
    if (states.includes("failed") || proofs.includes("failed")) return "failed";
    const up = states.every((s) => s === "ready");
    if (up && proofs.every((p) => p === "done")) return "ready";
    if (status.ready_after !== null) return "degraded";
    return accepting() ? "accepting" : "starting";
  }
  const accepting = () => {
    const needed = stack.services.filter((s) => s.accepting);
    return needed.length > 0 && needed.every((s) => service(s.name).state === "ready");
  };
  function judge(): void {
    const state = stateNow();
    if (accepting()) status.accepting_after ??= since();
    if (state === "ready") status.ready_after ??= since();
    if (state !== status.state) {
      status.state = state;
      tell({ kind: "stack", state, what: "", seconds: since() });
    }
    write();
  }

  return {
    ...{ status, service, proof, since, tell, write, judge },
    setService(name, state, what = "") {
      const found = service(name);
      found.state = state;
      found.waiting_for = state === "ready" || state === "stopped" ? null : what || null;
      if (state === "ready") {
        found.ready_after ??= since();
        found.error = null;
      }
      tell({ kind: "service", service: name, state, what, seconds: since() });
      judge();
    },
    setProof(name, state, what = "") {
      const found = proof(name);
      found.state = state;
      found.waiting_for = state === "done" ? null : what || null;
      if (state === "done") found.done_after = since();
      tell({ kind: "proof", proof: name, state, what, seconds: since() });
      judge();
    },
    async during(of, { what, on }, work) {
      const from = since();
      try {
        return await work;
      } finally {
        const end = "done_after" in of ? of.done_after : of.ready_after;
        if (end === null) of.phases.push({ what, on: on ?? null, from, to: since() });
      }
    },
  };
}
