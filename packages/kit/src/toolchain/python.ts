/** The machine's Python: the one prerequisite that can't be provisioned, since no package registry holds it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Exit, KitError } from "../model/errors.ts";
import { cachePaths } from "./paths.ts";

export const pythonRange = "3.11 to 3.13";
const inRange = (version: string) => /^3\.1[123]\./.test(version);
export const pythonCommands = ["python3", "python3.13", "python3.12", "python3.11"];

export interface Python {
  /** Absolute path of the interpreter itself, not of a shim or a virtual environment. */
  path: string;
  version: string;
}

interface Remembered extends Python {
  size: number;
  mtimeMs: number;
}

// Both modules are separate packages on Debian; without them no virtual environment can be made.
const question =
  "import sys, os, platform; print(platform.python_version(), os.path.realpath(getattr(sys, '_base_executable', sys.executable)), sep='\\n'); import venv, ensurepip";

export type Probe =
  | { command: string; ok: true; python: Python }
  | { command: string; ok: false; why: string };

export function probePython(command: string, env: NodeJS.ProcessEnv): Probe {
  const asked = spawnSync(command, ["-I", "-c", question], { env, encoding: "utf8" });
  if (asked.error) return { command, ok: false, why: "not found" };
  const [version = "", path = ""] = asked.stdout.trim().split("\n");
  if (!path)
    return {
      command,
      ok: false,
      why: asked.stderr.trim().split("\n").at(-1) || "does not run",
    };
  if (!inRange(version))
    return { command, ok: false, why: `is Python ${version}, wanted ${pythonRange}` };
  if (asked.status !== 0)
    return { command, ok: false, why: `Python ${version} lacks the modules venv and ensurepip` };
  return { command, ok: true, python: { path, version } };
}

/**
 * The interpreter that everything is made with. Once chosen it is kept, for all checkouts, as long as its file stays
 * the same: asking again costs more than all other checks of a start. `GRIDATA_PYTHON` names another.
 */
export function findPython(cache: string, env: NodeJS.ProcessEnv = process.env): Python {
  const named = env["GRIDATA_PYTHON"];
  const remembered = named ? null : recall(cache);
  if (remembered) return remembered;
  const failures: string[] = [];
  for (const command of named ? [named] : pythonCommands) {
    const probe = probePython(command, env);
    if (probe.ok) {
      if (!named) remember(cache, probe.python);
      return probe.python;
    }
    failures.push(`${command}: ${probe.why}`);
  }
  throw new KitError({
    code: "PREREQUISITE_MISSING",
    what: `no Python ${pythonRange} was found`,
    why: failures.join("; "),
    fix: `install Python ${pythonRange} with its venv module (Debian, Ubuntu: apt-get install python3-venv), or set GRIDATA_PYTHON to one`,
    exit: Exit.prerequisite,
  });
}

function recall(cache: string): Python | null {
  try {
    const { path, version, size, mtimeMs } = JSON.parse(
      readFileSync(cachePaths.python(cache), "utf8"),
    ) as Remembered;
    const stat = statSync(path);
    return stat.size === size && stat.mtimeMs === mtimeMs ? { path, version } : null;
  } catch {
    return null;
  }
}

function remember(cache: string, python: Python): void {
  const { size, mtimeMs } = statSync(python.path);
  const path = cachePaths.python(cache);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ ...python, size, mtimeMs } satisfies Remembered));
}
