/** What is built from this checkout: the store by Go, the catalog by a Java compiler. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findPython } from "../python.ts";
import { machineGo } from "../machine.ts";
import { listFiles } from "../tree.ts";
import type { Dish, Kitchen } from "./types.ts";
import { makeWheels } from "./python.ts";

/** The machine's own Go when it is recent enough: its module cache may be warm. */
export async function makeGo(kitchen: Kitchen, atLeast: string): Promise<Dish> {
  const found = machineGo(atLeast, kitchen.env);
  if (!found) return makeWheels(kitchen);
  const { dir, version } = found;
  const handle = { name: kitchen.name, version, key: null, dir, bytes: 0, jars: [] };
  return { machine: { ...handle, source: "machine" } };
}

export async function makeGoBuild(kitchen: Kitchen, module: string, binary: string): Promise<Dish> {
  const go = await kitchen.tool("go");
  // A Go that we brought leaves no caches behind; the machine's own keeps using its owner's.
  const caches = `${kitchen.work}.go`;
  const env = {
    ...kitchen.env,
    CGO_ENABLED: "0",
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=readonly",
    ...(go.source === "machine"
      ? {}
      : { GOROOT: go.dir, GOCACHE: `${caches}/build`, GOMODCACHE: `${caches}/modules` }),
  };
  let packages = 0;
  await kitchen.run(
    join(go.dir, "bin/go"),
    ["build", "-v", "-trimpath", "-ldflags", "-s -w", "-o", join(kitchen.work, binary), "."],
    {
      env,
      cwd: join(kitchen.checkout, module),
      niced: true,
      onLine: (line) => {
        if (line.startsWith("go: ")) kitchen.say(line.slice(4));
        else kitchen.say(`${++packages} packages compiled`);
      },
    },
  );
  if (go.source !== "machine")
    await kitchen.run(join(go.dir, "bin/go"), ["clean", "-modcache", "-cache"], { env });
  rmSync(caches, { recursive: true, force: true });
  return { source: "built" };
}

export async function makeJavaBuild(kitchen: Kitchen, source: string, jar: string): Promise<Dish> {
  const [java, ecj, jars] = await Promise.all([
    kitchen.tool("java"),
    kitchen.tool("ecj"),
    kitchen.tool("jars-catalog"),
  ]);
  const classes = `${kitchen.work}.classes`;
  mkdirSync(classes, { recursive: true });
  const root = join(kitchen.checkout, source);
  await kitchen.run(join(java.dir, "bin/java"), [
    ...["-jar", join(ecj.dir, ecj.jars[0]!), "-17", "-proc:none", "-nowarn", "-g"],
    ...[
      "-encoding",
      "UTF-8",
      "-d",
      classes,
      "-cp",
      jars.jars.map((at) => join(jars.dir, at)).join(":"),
    ],
    ...listFiles(root)
      .filter((path) => path.endsWith(".java"))
      .map((path) => join(root, path)),
  ]);
  // The runtime has no `jar`; a jar is a zip.
  const python = findPython(kitchen.cache, kitchen.env).path;
  await kitchen.run(python, ["-I", "-m", "zipfile", "-c", join(kitchen.work, jar), "gridata"], {
    cwd: classes,
  });
  rmSync(classes, { recursive: true });
  return { source: "built" };
}
