/** Where things lie in the tool cache. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { ToolName } from "./types.ts";

/** `GRIDATA_CACHE`, else the user's cache folder; shared by all checkouts. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env["GRIDATA_CACHE"]) return env["GRIDATA_CACHE"];
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gridata");
}

export const cachePaths = {
  tools: (cache: string) => join(cache, "tools"),
  entry: (cache: string, name: ToolName, key: string) => join(cache, "tools", name, key),
  /** Half-made entries. Same file system as the entries, so that a rename publishes them. */
  work: (cache: string) => join(cache, "work"),
  log: (cache: string, name: ToolName, key: string) => join(cache, "logs", `${name}-${key}.log`),
  lock: (cache: string, what: string) => join(cache, "locks", `${what}.lock`),
  stamp: (cache: string, name: ToolName, key: string) =>
    join(cache, "stamps", `${name}-${key}.json`),
  python: (cache: string) => join(cache, "python.json"),
  leases: (cache: string) => join(cache, "leases"),
  checkouts: (cache: string) => join(cache, "checkouts"),
} as const;
