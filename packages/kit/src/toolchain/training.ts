/** A server that runs for a moment, to be trained with, and ends in order. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { accepts } from "./ports.ts";
import { RunError } from "./run.ts";

export function startTraining(
  program: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let ended = false;
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    child.once("exit", end);
    child.once("error", (error) => {
      output += String(error);
      end();
    });
  });
  const tail = () => output.split("\n").slice(-15).join("\n");

  async function until(what: string, seconds: number, test: () => boolean | Promise<boolean>) {
    const deadline = Date.now() + seconds * 1000;
    while (!(await test())) {
      if (ended) throw new RunError(`the training run ended before ${what}`, tail());
      if (Date.now() > deadline) {
        child.kill("SIGKILL");
        throw new RunError(`the training run: no ${what} within ${seconds} s`, tail());
      }
      await sleep(100);
    }
  }

  return {
    untilLine: (line: RegExp, seconds: number) =>
      until(`line ${line.source}`, seconds, () => line.test(output)),
    untilPort: (port: number, seconds: number) =>
      until(`port ${port}`, seconds, () => accepts({ host: "127.0.0.1", port })),
    /** Ends it in order: an archive is written at a clean exit only. */
    async stop(seconds: number): Promise<void> {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
      await exit;
      clearTimeout(timer);
    },
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await exit;
    },
  };
}
