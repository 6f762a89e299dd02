/** The tool cache: what a stack and the checks need, made once at pinned versions, shared by all checkouts. */
export { provision, type Provisioning } from "./provision.ts";
export { cacheRoot } from "./paths.ts";
export { identityOf, isAlive, bootId, type ProcessIdentity } from "./process.ts";
export type * from "./types.ts";
