/** Programs that the machine brings and the kit may use. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Absolute path of a program on the PATH, or null. */
export function onPath(program: string, env: NodeJS.ProcessEnv): string | null {
  for (const dir of (env["PATH"] ?? "").split(delimiter)) {
    const at = join(dir, program);
    try {
      accessSync(at, constants.X_OK);
      return at;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** The machine's Go, if it is at least this version (`1.26`). */
export function machineGo(
  atLeast: string,
  env: NodeJS.ProcessEnv,
): { dir: string; version: string } | null {
  const program = onPath("go", env);
  if (!program) return null;
  const asked = spawnSync(program, ["env", "GOVERSION", "GOROOT"], {
    env: { ...env, GOTOOLCHAIN: "local" },
    encoding: "utf8",
  });
  const [version = "", dir = ""] = (asked.stdout ?? "").trim().split("\n");
  const found = /^go(\d+)\.(\d+)/.exec(version);
  if (!found || !dir) return null;
  const [major = 0, minor = 0] = atLeast.split(".").map(Number);
  const recent =
    Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor);
  return recent ? { dir, version: version.slice(2) } : null;
}
