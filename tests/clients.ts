/** Programs in other languages that look at the same stack as a client of theirs would. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readStackConfig } from "@gridata/kit/clients/stack";
import { provision } from "@gridata/kit/toolchain";
import type { Row, World } from "@gridata/testkit";

export const stackName = process.env["GRIDATA_STACK"] ?? "default";

/** Runs a program of `tests/contract/clients` and gives the JSON that it prints last. */
export async function client(
  world: World,
  program: string,
  tool: "python-tools" | "python-pipeline",
  ...args: string[]
): Promise<any> {
  const { dir } = await provision([tool], { checkout: world.checkout }).tool(tool);
  const config = (identity: string) => readStackConfig(world.checkout, stackName, identity);
  const { stdout } = await promisify(execFile)(
    join(dir, "bin/python"),
    [join(import.meta.dirname, "contract/clients", program), ...args],
    {
      env: {
        ...process.env,
        GRIDATA_CLIENTS: JSON.stringify({
          world: world.name,
          reader: config("reader"),
          engine: config("pipeline"),
          publisher: config("publisher"),
        }),
      },
      timeout: 240_000,
      maxBuffer: 64 << 20,
    },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

export interface WrittenFormats {
  /** Names of the files of each dataset. */
  files: Record<string, string[]>;
  expected: Record<string, Row[]>;
}

/** Writes files of every format into a folder, by the formats' own libraries. */
export async function writeFormats(checkout: string, folder: string): Promise<WrittenFormats> {
  const all = provision(["python-tools", "python-pipeline"], { checkout });
  await all.done;
  const [tools, pipeline] = [await all.tool("python-tools"), await all.tool("python-pipeline")];
  const lib = join(pipeline.dir, "lib");
  const python = (await readdir(lib)).find((name) => name.startsWith("python3"))!;
  const { stdout } = await promisify(execFile)(
    join(tools.dir, "bin/python"),
    [join(import.meta.dirname, "contract/clients/write_formats.py"), folder],
    {
      env: { ...process.env, PYTHONPATH: join(lib, python, "site-packages") },
      maxBuffer: 64 << 20,
    },
  );
  return JSON.parse(stdout) as WrittenFormats;
}
