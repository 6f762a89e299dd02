/** Content addresses: what decides a tool's content, and nothing else, decides its key. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Exit, KitError } from "../model/errors.ts";
import { tools, type Input, type ToolSpec } from "./catalogue.ts";
import { findPython } from "./python.ts";
import { listFiles } from "./tree.ts";
import type { ToolName } from "./types.ts";

export interface KeyContext {
  checkout: string;
  cache: string;
  env: NodeJS.ProcessEnv;
}

/** A function that gives the key of a tool, each computed once. */
export function keyer(context: KeyContext): (name: ToolName) => string {
  const known = new Map<ToolName, string>();
  const keyOf = (name: ToolName): string => {
    const found = known.get(name);
    if (found) return found;
    const spec: ToolSpec = tools[name];
    const hash = createHash("sha256");
    const add = (...facts: string[]) => {
      for (const fact of facts) hash.update(fact).update("\0");
    };
    add(name, spec.version, String(spec.revision), process.platform, process.arch);
    for (const input of spec.inputs)
      for (const [path, content] of readInput(context.checkout, name, input)) add(path, content);
    for (const part of spec.parts) add(keyOf(part as ToolName));
    if (spec.perPython) {
      const { path, version } = findPython(context.cache, context.env);
      add(path, version);
    }
    const key = hash.digest("hex").slice(0, 20);
    known.set(name, key);
    return key;
  };
  return keyOf;
}

function readInput(checkout: string, name: ToolName, input: Input): [string, string][] {
  const read = (path: string): [string, string] => {
    try {
      return [path, readFileSync(join(checkout, path), "utf8")];
    } catch (cause) {
      throw incomplete(name, path, cause);
    }
  };
  if (typeof input === "string") return [read(input)];
  let files: string[];
  try {
    files = listFiles(join(checkout, input.dir));
  } catch (cause) {
    throw incomplete(name, input.dir, cause);
  }
  const chosen = files.filter(
    (path) =>
      input.endings.some((ending) => path.endsWith(ending)) &&
      !(input.not && path.endsWith(input.not)),
  );
  if (chosen.length === 0) throw incomplete(name, input.dir, undefined);
  return chosen.map((path) => read(`${input.dir}/${path}`));
}

const incomplete = (name: ToolName, path: string, cause: unknown) =>
  new KitError({
    code: "CHECKOUT_INCOMPLETE",
    what: `the tool ${name} can't be made`,
    why: `${path} is missing from this checkout`,
    fix: `git checkout -- ${path}`,
    exit: Exit.failed,
    cause,
  });
