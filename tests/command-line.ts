/** The command line, run as a program runs it. */
import { execFile } from "node:child_process";
import { join } from "node:path";

export const checkout = join(import.meta.dirname, "..");

export interface Ran {
  exit: number;
  stdout: string;
  stderr: string;
}

/** Runs `./gridata` with these words. */
export function gridata(
  args: readonly string[],
  { env, cwd = checkout }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ran> {
  return ran(join(checkout, "gridata"), args, { env: { ...process.env, ...env }, cwd });
}

export const ran = (
  program: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(program, args, { ...options, maxBuffer: 256 << 20 }, (error, stdout, stderr) =>
      resolve({ exit: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
  });
