/** Brings tools in: each as soon as what it is made of is there, several at a time, each by one process of the machine. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Exit, KitError } from "../model/errors.ts";
import { tools, type ToolSpec } from "./catalogue.ts";
import { discard, inspect, publish, verify, type EntryId } from "./entry.ts";
import { keyer } from "./key.ts";
import { lock } from "./lock.ts";
import { onPath } from "./machine.ts";
import { recordCheckout } from "./needs.ts";
import { cachePaths, cacheRoot } from "./paths.ts";
import { make } from "./recipes/index.ts";
import type { Kitchen } from "./recipes/types.ts";
import { cleanEnv } from "./registry.ts";
import { run, RunError } from "./run.ts";
import { remove } from "./tree.ts";
import type { ProvisionOptions, ToolHandle, ToolName, ToolState } from "./types.ts";

export interface Provisioning {
  /** A tool of those asked for, once it is in. */
  tool(name: ToolName): Promise<ToolHandle>;
  /** All of those asked for. */
  done: Promise<ReadonlyMap<ToolName, ToolHandle>>;
  /** Ends what is being made; finished tools stay. */
  stop(): void;
}

/** So many at once, besides the one long build that goes last for the processors. */
const hands = 3;

/** Starts at once; names are brought in in the order of the catalogue. Errors: `TOOL_FAILED`, `OFFLINE`, `PREREQUISITE_MISSING`. */
export function provision(names: readonly ToolName[], options: ProvisionOptions): Provisioning {
  const started = Date.now();
  const receivedBefore = receivedBytes();
  const env = cleanEnv(options.env ?? process.env);
  const cache = options.cache ?? cacheRoot(env);
  const keyOf = keyer({ checkout: options.checkout, cache, env });
  const stopping = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, stopping.signal])
    : stopping.signal;
  const slots = limiter(hands);
  const known = new Map<ToolName, Promise<ToolHandle>>();
  let made = 0;

  const get = (name: ToolName): Promise<ToolHandle> => {
    const found = known.get(name);
    if (found) return found;
    const promise = bring(name);
    promise.catch(() => {});
    known.set(name, promise);
    return promise;
  };

  // Before anything is looked at, so that a prune in between takes it for needed.
  const recorded = new Set<ToolName>();
  function record(...wanted: ToolName[]): Promise<void> {
    const keys: Partial<Record<ToolName, string>> = {};
    const visit = (name: ToolName) => {
      if (recorded.has(name)) return;
      recorded.add(name);
      keys[name] = keyOf(name);
      (tools[name].parts as readonly ToolName[]).forEach(visit);
    };
    try {
      wanted.forEach(visit);
    } catch {
      // A key that can't be had is an error of the tool, and told there.
    }
    return recordCheckout(cache, options.checkout, keys, signal);
  }
  const allRecorded = record(...names);
  allRecorded.catch(() => {});

  async function bring(name: ToolName): Promise<ToolHandle> {
    const spec: ToolSpec = tools[name];
    await allRecorded;
    await record(name);
    const begun = Date.now();
    const tell = (state: ToolState, what: string, bytes: number | null = null) =>
      options.onProgress?.({
        ...{ kind: "tool", tool: name, state, what, bytes },
        seconds: (Date.now() - begun) / 1000,
      });
    const id: EntryId = { cache, name, key: keyOf(name) };
    const present = inspect(id);
    if (present.state === "ready") {
      tell("present", spec.version, present.handle.bytes);
      return present.handle;
    }
    const held = await lock(cachePaths.lock(cache, `${name}-${id.key}`), {
      signal,
      onWait: (owner) => tell("waiting", `${owner} is bringing it in`),
    });
    try {
      const now = inspect(id);
      if (now.state === "ready") {
        tell("present", spec.version, now.handle.bytes);
        return now.handle;
      }
      if (now.state === "unsure") {
        tell("verifying", "comparing its files");
        const checked = await slots(() => verify(id));
        if ("handle" in checked) {
          tell("present", spec.version, checked.handle.bytes);
          return checked.handle;
        }
        tell("verifying", `${checked.damage} is damaged; it is made anew`);
        discard(id);
      }
      const handle = await create(id, spec, tell);
      tell("done", handle.version, handle.bytes);
      return handle;
    } catch (error) {
      tell("failed", error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      held.release();
    }
  }

  async function create(
    id: EntryId,
    spec: ToolSpec,
    tell: (state: ToolState, what: string) => void,
  ): Promise<ToolHandle> {
    const needed = [...spec.parts, ...spec.makers] as ToolName[];
    if (spec.recipe.kind === "jars" && !onPath("mvn", env)) needed.push("jgo");
    if (needed.length > 0) tell("waiting", needed.join(", "));
    await Promise.all(needed.map(get));
    if (options.offline && spec.network) throw offline(id.name);
    const state: ToolState = spec.network ? "downloading" : "building";
    const cook = async () => {
      signal.throwIfAborted();
      tell(state, spec.summary);
      const work = join(cachePaths.work(cache), `${id.name}-${id.key}.${process.pid}`);
      remove(work);
      mkdirSync(work, { recursive: true });
      const log = cachePaths.log(cache, id.name, id.key);
      rmSync(log, { force: true });
      const kitchen: Kitchen = {
        ...{ name: id.name, version: spec.version, checkout: options.checkout, cache, work, env },
        tool: get,
        say: (what) => tell(state, what),
        run: (command, args, more) =>
          run(command, args, {
            ...{ cwd: cachePaths.work(cache), env, log, signal },
            onLine: (line) => tell(state, line.slice(0, 100)),
            ...more,
          }),
      };
      try {
        const dish = await make(kitchen, spec.recipe);
        if ("machine" in dish) return dish.machine;
        made++;
        return await publish(id, work, { version: spec.version, source: dish.source });
      } catch (error) {
        throw error instanceof RunError ? failed(id.name, error, log) : error;
      } finally {
        for (const rest of ["", ".pom.xml", ".list", ".venv", ".lifted", ".classes", ".training"])
          remove(work + rest);
        rmSync(`${work}.go`, { recursive: true, force: true });
      }
    };
    return spec.recipe.kind === "go-build" ? cook() : slots(cook);
  }

  const done = (async () => {
    const inOrder = (Object.keys(tools) as ToolName[]).filter((name) => names.includes(name));
    const wanted = inOrder.map((name) => [name, get(name)] as const);
    let ok = false;
    const all = new Map<ToolName, ToolHandle>();
    try {
      for (const [name, handle] of wanted) all.set(name, await handle);
      ok = true;
      return all;
    } finally {
      if (!ok) stopping.abort();
      await Promise.allSettled(known.values());
      const received = receivedBytes();
      options.onProgress?.({
        ...{ kind: "total", ok, tools: known.size, made },
        bytes: [...all.values()].reduce((sum, handle) => sum + handle.bytes, 0),
        received: received !== null && receivedBefore !== null ? received - receivedBefore : null,
        seconds: (Date.now() - started) / 1000,
      });
    }
  })();
  done.catch(() => {});
  return { tool: get, done, stop: () => stopping.abort() };
}

function limiter(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** What all interfaces but loopback received since boot; null where the system doesn't tell. */
function receivedBytes(): number | null {
  try {
    return readFileSync("/proc/net/dev", "utf8")
      .split("\n")
      .slice(2)
      .map((line) => line.trim().split(/[:\s]+/))
      .filter(([name]) => name && name !== "lo")
      .reduce((sum, fields) => sum + Number(fields[1]), 0);
  } catch {
    return null;
  }
}

const failed = (name: ToolName, error: RunError, log: string) =>
  new KitError({
    code: "TOOL_FAILED",
    what: `${name} could not be brought in`,
    why: `${error.message}\n${error.tail}`,
    fix: `all of its output is in ${log}; mend the cause (network, disk, registry settings), then run the command again`,
    exit: Exit.failed,
    cause: error,
  });

const offline = (name: ToolName) =>
  new KitError({
    code: "OFFLINE",
    what: `${name} is not in the tool cache, and this command may not use the network`,
    why: "it was never brought in, or this checkout needs another version than the cache has",
    fix: "run it once without --offline",
    exit: Exit.prerequisite,
  });
