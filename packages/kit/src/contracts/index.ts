/** The contract compiler: ODCS YAML in, one JSON form out, all problems at once. */
export { contractChanges, publishedChanges, type Change } from "./changes.ts";
export { compileContract } from "./compile.ts";
export { writeContract, type Draft } from "./infer.ts";
export { buildRelease, compileContracts, contractFiles, type ReleaseBuild } from "./release.ts";
export type { Problem } from "./source.ts";
export { loadStandard, type Standard } from "./standard.ts";
