/** Runs a module of the pipeline that answers with one JSON document. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { provision } from "../toolchain/provision.ts";
import type { Context } from "./command.ts";

export async function runPipeline<T>(
  context: Pick<Context, "checkout" | "signal">,
  module: string,
  args: readonly string[],
): Promise<T> {
  const { checkout, signal } = context;
  const python = await provision(["python-pipeline"], { checkout, signal }).tool("python-pipeline");
  const { stdout } = await promisify(execFile)(
    join(python.dir, "bin/python"),
    ["-m", module, ...args],
    {
      env: {
        ...process.env,
        PYTHONPATH: join(checkout, "pipeline/src"),
        PYTHONDONTWRITEBYTECODE: "1",
      },
      maxBuffer: 64 << 20,
      signal,
    },
  );
  return JSON.parse(stdout) as T;
}
