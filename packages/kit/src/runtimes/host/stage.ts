/** What keepers and proofs of one supervisor share. */
import { join } from "node:path";
import type { KitError } from "../../model/errors.ts";
import type { StackDef, TaskDef, Value } from "../../model/service.ts";
import type { Lease } from "../../toolchain/needs.ts";
import type { ToolHandle, ToolName } from "../../toolchain/types.ts";
import type { Board } from "./board.ts";
import { failure } from "./failures.ts";
import type { Layout } from "./layout.ts";
import { missingOf } from "./made.ts";
import type { Resolver } from "./resolve.ts";
import type { ProofStatus, ServiceStatus } from "./status.ts";
import { runTask, type TaskFailure } from "./tasks.ts";
import type { Gate } from "./waves.ts";

export interface Stage {
  layout: Layout;
  stack: StackDef;
  told: Board;
  /** Aborted when the stack is to end. */
  signal: AbortSignal;
  resolve: Resolver;
  /** What every process has in its environment. */
  base: NodeJS.ProcessEnv;
  lease: Lease;
  /** Resolves when the tool is in. */
  tool(name: ToolName): Promise<ToolHandle>;
  /** Opens when the service's process runs. */
  started: Map<string, Gate>;
  /** Of services that are ready, and proofs that are done. */
  ready: Map<string, Gate>;
  /** Services that files are dropped to, and what they need. */
  first: ReadonlySet<string>;
  /** Opens when files are accepted, or when nothing is won by waiting for that. */
  others: Gate;
}

export const environmentOf = (
  { base, resolve }: Stage,
  service: string,
  values: Record<string, Value> = {},
) => ({
  ...base,
  ...Object.fromEntries(Object.entries(values).map(([k, v]) => [k, resolve.text(service, v)])),
});

export const taskOf = (
  stage: Stage,
  owner: string,
  task: TaskDef,
  onStart: () => void,
): Promise<TaskFailure | null> =>
  runTask(task, {
    log: join(stage.layout.logs, `${owner}.log`),
    cwd: stage.resolve.text(owner, { kind: "path", area: "data", rest: "" }),
    text: (value) => stage.resolve.text(owner, value),
    environment: (values) => environmentOf(stage, owner, values),
    missing: async (made) => (await missingOf(made, stage.resolve))?.what ?? null,
    ...{ signal: stage.signal, onStart },
  });

export async function waits(
  { told }: Stage,
  of: ServiceStatus | ProofStatus,
  what: string,
  on: string,
  wait: Promise<unknown>,
): Promise<void> {
  await told.during(of, { what, on }, wait);
}

export const failureOf = (
  { layout }: Stage,
  name: string,
  what: string,
  tail: string,
  exit: number | string | null,
  oomKillsBefore: number,
): KitError => failure(layout.state, { name, what, tail, exit, oomKillsBefore });
