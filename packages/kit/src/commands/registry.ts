/** All commands, in the order in which the help lists them. Loaded when asked for, so that each starts fast. */
import type { CommandDef } from "./command.ts";

export const registry: Record<string, () => Promise<{ default: CommandDef }>> = {
  dev: () => import("./dev.ts"),
  down: () => import("./down.ts"),
  status: () => import("./status.ts"),
  drop: () => import("./drop.ts"),
  trace: () => import("./trace.ts"),
  table: () => import("./table.ts"),
  sql: () => import("./sql.ts"),
  check: () => import("./check.ts"),
  contracts: () => import("./contracts.ts"),
  env: () => import("./env.ts"),
  open: () => import("./open.ts"),
  doctor: () => import("./doctor.ts"),
  bench: () => import("./bench.ts"),
  ledger: () => import("./ledger.ts"),
  world: () => import("./world.ts"),
  soak: () => import("./soak.ts"),
  chaos: () => import("./chaos.ts"),
  test: () => import("./test.ts"),
  logs: () => import("./logs.ts"),
};
