/** Processes of a stack: each leads its own group, writes to its log, and outlives the supervisor. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  groupOf,
  identityOf,
  isAlive,
  killGroup,
  type ProcessIdentity,
} from "../../toolchain/process.ts";

export interface Command {
  argv: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  log: string;
  unprivileged: boolean;
}

/** Some servers refuse to run as root. In a user namespace of their own they are another user who owns what root owns. */
export const unprivilegedPrefix = [
  "unshare",
  "--user",
  "--map-user=1000",
  "--map-group=1000",
  "--",
];

export function launch(command: Command): ChildProcess {
  const argv =
    command.unprivileged && process.getuid?.() === 0
      ? [...unprivilegedPrefix, ...command.argv]
      : command.argv;
  mkdirSync(dirname(command.log), { recursive: true });
  mkdirSync(command.cwd, { recursive: true });
  const log = openSync(command.log, "a");
  try {
    return spawn(argv[0]!, argv.slice(1), {
      cwd: command.cwd,
      env: command.env,
      detached: true,
      stdio: ["ignore", log, log],
    });
  } finally {
    closeSync(log);
  }
}

/** What every process of a stack has; the rest of a person's shell is none of its business. */
export function baseEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "SSL_CERT_FILE"];
  const ours = ["GRIDATA_KEEP_FREE_BYTES", "GRIDATA_DAY_SECONDS", "GRIDATA_LOG"];
  return {
    ...Object.fromEntries(
      [...kept, ...ours, "XDG_CACHE_HOME"].flatMap((name) =>
        env[name] ? [[name, env[name]]] : [],
      ),
    ),
    LANG: "C.UTF-8",
    TZ: "UTC",
  };
}

export const identify = (child: ChildProcess): ProcessIdentity | null =>
  child.pid ? identityOf(child.pid) : null;

/** Ends a process in order; whatever is left of its group after the grace is killed. */
export async function stop(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  graceSeconds: number,
): Promise<void> {
  try {
    if (isAlive(identity)) process.kill(identity.pid, signal);
  } catch {
    // It ended by itself in between.
  }
  const deadline = performance.now() + graceSeconds * 1000;
  while (isAlive(identity) && performance.now() < deadline) await sleep(50);
  // Whoever comes next needs what any of them holds.
  while (groupOf(identity).length > 0) {
    killGroup(identity.pid);
    await sleep(5);
  }
}

export const sizeOf = (path: string): number =>
  statSync(path, { throwIfNoEntry: false })?.size ?? 0;

export function tailOf(log: string, lines: number, from = 0): string {
  try {
    return readFileSync(log)
      .subarray(from)
      .toString()
      .trimEnd()
      .split("\n")
      .slice(-lines)
      .join("\n");
  } catch {
    return "";
  }
}
