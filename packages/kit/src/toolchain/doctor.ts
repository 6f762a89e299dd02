/** What is known of tools without making any. */
import { tools, type ToolSpec } from "./catalogue.ts";
import { inspect, said } from "./entry.ts";
import { keyer } from "./key.ts";
import { cachePaths, cacheRoot } from "./paths.ts";
import { cleanEnv } from "./registry.ts";
import type { ToolName, ToolSource } from "./types.ts";

export { machineGo, onPath } from "./machine.ts";
export { probePython, pythonCommands, pythonRange } from "./python.ts";

export interface ToolReport {
  name: ToolName;
  version: string;
  /** Null: not in the cache. */
  source: ToolSource | null;
  size_bytes: number | null;
  path: string | null;
}

export function inspectTools(checkout: string, env: NodeJS.ProcessEnv = process.env): ToolReport[] {
  const cache = cacheRoot(env);
  const keyOf = keyer({ checkout, cache, env: cleanEnv(env) });
  return (Object.keys(tools) as ToolName[]).map((name) => {
    const spec: ToolSpec = tools[name];
    const absent = { name, version: spec.version, source: null, size_bytes: null, path: null };
    try {
      const id = { cache, name, key: keyOf(name) };
      const found = inspect(id);
      if (found.state === "absent") return absent;
      const path = cachePaths.entry(cache, name, id.key);
      const { source, bytes } = found.state === "ready" ? found.handle : said(id)!;
      return { ...absent, source, size_bytes: bytes, path };
    } catch {
      // Without a Python no key of its environments is known; the check of Python says so.
      return absent;
    }
  });
}
