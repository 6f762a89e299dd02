/** What a supervisor tells: a snapshot of all services, and events one by one. */
import { readFileSync } from "node:fs";
import type { Profile } from "../../model/service.ts";
import type { ProvisionEvent } from "../../toolchain/types.ts";
import { isAlive, type ProcessIdentity } from "../../toolchain/process.ts";
import type { Layout } from "./layout.ts";

export type ServiceState =
  | "waiting" // for its tools or for another service
  | "preparing" // its tasks run
  | "starting"
  | "ready"
  | "restarting"
  | "stopping"
  | "stopped"
  | "failed";

export interface ServiceStatus {
  name: string;
  summary: string;
  state: ServiceState;
  pid: number | null;
  identity: ProcessIdentity | null;
  restarts: number;
  /** Why it was started again the last time. */
  restarted_because: string | null;
  /** By port name. */
  addresses: Record<string, string>;
  waiting_for: string | null;
  log: string;
  /** Seconds since the supervisor's start. */
  ready_after: number | null;
  error: { code: string; what: string; why: string; fix: string } | null;
  /** What it did and waited for until it was ready, in order. */
  phases: Phase[];
}

/** A stretch of a start, in seconds since the supervisor's. */
export interface Phase {
  what: string;
  /** The service, proof or tool that it waited for. */
  on: string | null;
  from: number;
  to: number;
}

export type ProofState = "waiting" | "running" | "done" | "failed";

/** What the stack proves of itself before it is ready. */
export interface ProofStatus {
  name: string;
  summary: string;
  state: ProofState;
  waiting_for: string | null;
  log: string;
  done_after: number | null;
  error: { code: string; what: string; why: string; fix: string } | null;
  phases: Phase[];
}

export type StackState = "starting" | "accepting" | "ready" | "degraded" | "failed" | "stopping";

export interface StackStatus {
  schema: "gridata.supervisor/1";
  state: StackState;
  stack: string;
  profile: Profile;
  /** Milliseconds since the epoch. */
  started_at: number;
  accepting_after: number | null;
  ready_after: number | null;
  reattached: number;
  services: ServiceStatus[];
  proofs: ProofStatus[];
}

export type StackEvent =
  | ProvisionEvent
  | { kind: "service"; service: string; state: ServiceState; what: string; seconds: number }
  | { kind: "proof"; proof: string; state: ProofState; what: string; seconds: number }
  | { kind: "stack"; state: StackState; what: string; seconds: number };

export function readStatus(layout: Layout): StackStatus | null {
  try {
    return JSON.parse(readFileSync(layout.status, "utf8")) as StackStatus;
  } catch {
    return null;
  }
}

/** The supervisor of the stack, if it lives. */
export function livingSupervisor(layout: Layout): ProcessIdentity | null {
  try {
    const identity = JSON.parse(readFileSync(layout.supervisor, "utf8")) as ProcessIdentity;
    return isAlive(identity) ? identity : null;
  } catch {
    return null;
  }
}
