/** What this machine must have, and what helps: found, wanted, how to mend it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, statfsSync } from "node:fs";
import { totalmem } from "node:os";
import { unprivilegedPrefix } from "../runtimes/host/process.ts";
import {
  machineGo,
  onPath,
  probePython,
  pythonCommands,
  pythonRange,
} from "../toolchain/doctor.ts";
import { cacheRoot } from "../toolchain/paths.ts";

export interface CheckResult {
  name: string;
  ok: boolean;
  /** False: something is slower or larger without it. */
  needed: boolean;
  found: string;
  wanted: string;
  fix: string | null;
}

const gigabyte = 1e9;
const [unshare = "", ...inNamespace] = unprivilegedPrefix;

/** `present`: bytes of tools that are in the cache already. */
export function machineChecks(
  present: number,
  env: NodeJS.ProcessEnv = process.env,
): CheckResult[] {
  return [
    node(env),
    python(env),
    program("git", env, "git", true, "fetch and update the checkout"),
    program("tar", env, "tar", true, "unpack tools"),
    disk(present),
    memory(),
    namespaces(),
    go(env),
    program("mvn", env, "maven", false, "any (else jars come by jgo)"),
  ];
}

/** It runs by the project's own; the machine's is what installs that one. */
function node(env: NodeJS.ProcessEnv): CheckResult {
  const asked = spawnSync("node", ["--version"], { env, encoding: "utf8" });
  const version = /^v(\d+)\./.exec(asked.stdout ?? "");
  const npx = onPath("npx", env);
  return {
    ...{ name: "node", needed: true, wanted: "20 or later with npx" },
    ok: version !== null && Number(version[1]) >= 20 && npx !== null,
    found: version ? `${asked.stdout.trim()}${npx ? "" : " without npx"}` : "none",
    fix: "install Node.js 20 or later (https://nodejs.org)",
  };
}

function python(env: NodeJS.ProcessEnv): CheckResult {
  const found = pythonCommands.map((command) => probePython(command, env)).find(({ ok }) => ok);
  return {
    ...{ name: "python", ok: !!found, needed: true, wanted: `${pythonRange} with venv` },
    found: found?.ok ? found.python.version : "none",
    fix: "install Python with its venv module (Debian, Ubuntu: apt-get install python3-venv)",
  };
}

function program(
  command: string,
  env: NodeJS.ProcessEnv,
  name: string,
  needed: boolean,
  wanted: string,
): CheckResult {
  const found = onPath(command, env);
  return {
    ...{ name, needed, ok: found !== null, found: found ?? "none" },
    wanted: needed ? `to ${wanted}` : wanted,
    fix: needed ? `install ${command} (Debian, Ubuntu: apt-get install ${command})` : null,
  };
}

/** Tools and a first stack take 10 GB together; a stack alone the last 3 of them. */
function disk(present: number): CheckResult {
  const cache = cacheRoot();
  mkdirSync(cache, { recursive: true });
  const { bavail, bsize } = statfsSync(cache);
  const free = bavail * bsize;
  const wanted = Math.max(3 * gigabyte, 10 * gigabyte - present);
  return {
    ...{ name: "disk", ok: free > wanted, needed: true },
    wanted: `${(wanted / gigabyte).toFixed(0)} GB free`,
    found: `${(free / gigabyte).toFixed(0)} GB free for ${cache}`,
    fix: "make room (`./gridata doctor --prune` removes old tools), or set GRIDATA_CACHE to a folder on another disk",
  };
}

function memory(): CheckResult {
  const total = totalmem();
  return {
    // A machine of 8 GB reports a little less.
    ...{ name: "memory", ok: total > 7.5 * gigabyte, needed: false, wanted: "8 GB" },
    found: `${(total / gigabyte).toFixed(1)} GB`,
    fix: "close what else needs much, or give the virtual machine more: services are killed when memory runs out",
  };
}

function namespaces(): CheckResult {
  const ok = process.getuid?.() !== 0 || spawnSync(unshare, [...inNamespace, "true"]).status === 0;
  return {
    ...{ name: "user namespaces", ok, needed: true, wanted: "for PostgreSQL as root" },
    found: ok ? "yes" : "not allowed",
    fix: "run as an ordinary user: PostgreSQL refuses to run as root",
  };
}

function go(env: NodeJS.ProcessEnv): CheckResult {
  const found = machineGo("1.26", env);
  return {
    ...{ name: "go", ok: !!found, needed: false, wanted: "1.26 (else one is fetched)", fix: null },
    found: found?.version ?? "none in range",
  };
}
