/** All commands, in the order in which the help lists them. Loaded when asked for, so that each starts fast. */
import type { CommandDef } from "./framework.ts";

export const registry: Record<string, () => Promise<{ default: CommandDef }>> = {
  drop: () => import("./drop.ts"),
  trace: () => import("./trace.ts"),
};
