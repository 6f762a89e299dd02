/** Tests of a running stack: a world of one's own, files with an oracle, faults at named points. */
export { armFailpoint, type Failpoint } from "./failpoints.ts";
export * from "./transactions.ts";
export { until, type UntilOptions } from "./wait.ts";
export { openWorld, type RejectedRecord, type World } from "./world.ts";
