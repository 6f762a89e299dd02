/** Runs one program of a recipe: output into the tool's log, the last line as progress, ended with the caller. */
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync } from "node:fs";
import { setPriority } from "node:os";
import { dirname } from "node:path";
import { killGroup } from "./process.ts";

export interface RunOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  log: string;
  /** For work that may take all processors: everything else goes first. */
  niced?: boolean;
  /** After so many seconds it is ended. */
  deadline?: number;
  onLine?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** What a program said at its end, for the error of the tool. */
export class RunError extends Error {
  readonly tail: string;
  constructor(message: string, tail: string) {
    super(message);
    this.tail = tail;
  }
}

/** Registries may be named with a password in the address. */
export const hideSecrets = (text: string) => text.replace(/:\/\/[^/@\s]+@/g, "://***@");

const tailLines = 15;

/** Resolves with the program's standard output and error; rejects with `RunError` unless it exits with 0. */
export async function run(command: string, args: string[], options: RunOptions): Promise<string> {
  options.signal?.throwIfAborted();
  mkdirSync(dirname(options.log), { recursive: true });
  appendFileSync(options.log, `$ ${[command, ...args].join(" ")}\n`);
  // A group of its own: Ctrl-C in the terminal reaches this process, which ends the group in order.
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const name = command.split("/").at(-1)!;
  let reason: string | null = null;
  const end = (why: string) => {
    reason ??= why;
    if (child.pid) killGroup(child.pid);
  };
  const deadline = options.deadline ?? 2400;
  const timer = setTimeout(() => end(`${name} did not end within ${deadline} s`), deadline * 1000);
  const abort = () => end("interrupted");
  options.signal?.addEventListener("abort", abort, { once: true });
  let output = "";
  let rest = "";
  const take = (chunk: Buffer) => {
    const text = hideSecrets(chunk.toString());
    appendFileSync(options.log, text);
    output += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim()) options.onLine?.(line.trim());
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  try {
    const code = await new Promise<number | string | null>((resolve, reject) => {
      child.once("error", (error) =>
        reject(new RunError(`${name} can't be started`, String(error))),
      );
      child.once("spawn", () => {
        if (options.niced && child.pid) setPriority(child.pid, 10);
      });
      child.once("close", (status, signal) => resolve(status ?? signal));
    });
    if (code === 0 && !reason) return output;
    throw new RunError(
      reason ?? `${name} ended with ${code}`,
      output.trimEnd().split("\n").slice(-tailLines).join("\n"),
    );
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  }
}
