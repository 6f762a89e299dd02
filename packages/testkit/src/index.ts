/** Tests of a running stack: a world of one's own, files with an oracle, faults at named points. */
export * from "@gridata/kit/fixtures";
export { inDatabase } from "./database.ts";
export type { Failpoint } from "./failpoints.ts";
export { invariants } from "./invariants.ts";
export { faultProxy, rewire, type FaultProxy } from "./proxy.ts";
export { readMain, type MainReader } from "./reader.ts";
export { killAll, killService, killSupervisor, serviceBack, startAgain } from "./services.ts";
export { severConnections, suspend, type Sleeping } from "./suspend.ts";
export { until, type UntilOptions } from "./wait.ts";
export { openWorld, type RejectedRecord, type World } from "./world.ts";
