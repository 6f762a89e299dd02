/** Checks of the source without running it: which program, with which arguments. */
import { join } from "node:path";
import type { ToolHandle } from "../toolchain/types.ts";

export interface Check {
  program: string;
  args: string[];
  cwd?: string;
}

/** Programs without a path are those of `node_modules/.bin`. */
export function staticChecks(checkout: string, tools: ToolHandle, pipeline: ToolHandle): Check[] {
  const python = join(tools.dir, "bin/python");
  const sources = ["pipeline", "dags", "spark-jobs", "tests", "toolchain", "packages"];
  const ruff = (...args: string[]): Check => ({
    program: python,
    args: ["-m", "ruff", ...args, "--no-cache", "--config", "pipeline/pyproject.toml", ...sources],
  });
  return [
    { program: "oxfmt", args: ["--check"] },
    { program: "oxlint", args: ["--quiet"] },
    { program: "tsc", args: ["-p", "."] },
    {
      program: "depcruise",
      args: ["--config", ".dependency-cruiser.mjs", "packages", "apps", "scripts", "tests"],
    },
    { program: "knip", args: [] },
    ruff("format", "--check"),
    ruff("check"),
    {
      program: python,
      args: ["-m", "pyright", "--pythonpath", join(pipeline.dir, "bin/python")],
      cwd: join(checkout, "pipeline"),
    },
  ];
}
