/** A program from its start to its end, by the clock and by the processor. */
import { spawn } from "node:child_process";
import { Exit, KitError } from "../../model/errors.ts";

/** Wall and processor seconds of a program and all that it started and waited for. */
export async function timed(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ wall: number; cpu: number; output: string }> {
  const begun = performance.now();
  const child = spawn(
    "bash",
    ["-c", `TIMEFORMAT='gridata-cpu %U %S'; time "$@"`, "bench", program, ...args],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0)
    throw new KitError({
      code: "BENCH_FAILED",
      what: `${program} ended with ${String(code)}`,
      why: `${output}${errors}`.slice(-3000),
      fix: "mend the cause, then run the benchmark again",
      exit: Exit.failed,
    });
  const [, user = "0", system = "0"] = /gridata-cpu ([\d.]+) ([\d.]+)/.exec(errors) ?? [];
  return { wall: (performance.now() - begun) / 1000, cpu: Number(user) + Number(system), output };
}
