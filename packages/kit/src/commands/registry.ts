/** All commands, in the groups and the order in which the help lists them. Loaded when asked for, so that each starts fast. */
import type { CommandDef } from "./command.ts";

export type Registry = Record<string, () => Promise<{ default: CommandDef }>>;

export const groups: Record<string, Registry> = {
  "the stack": {
    dev: () => import("./dev.ts"),
    down: () => import("./down.ts"),
    status: () => import("./status.ts"),
    logs: () => import("./logs.ts"),
    open: () => import("./open.ts"),
    env: () => import("./env.ts"),
  },
  "your data": {
    contracts: () => import("./contracts.ts"),
    check: () => import("./check.ts"),
    drop: () => import("./drop.ts"),
    trace: () => import("./trace.ts"),
    table: () => import("./table.ts"),
    sql: () => import("./sql.ts"),
    world: () => import("./world.ts"),
  },
  "when something is wrong": {
    doctor: () => import("./doctor.ts"),
    ledger: () => import("./ledger.ts"),
  },
  proof: {
    test: () => import("./test.ts"),
    chaos: () => import("./chaos.ts"),
    soak: () => import("./soak.ts"),
    bench: () => import("./bench.ts"),
  },
};

export const registry: Registry = Object.assign({}, ...Object.values(groups));
