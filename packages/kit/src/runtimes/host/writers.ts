/** Which versions wrote a stack's data. A newer form is refused before anything starts; an older one is migrated by each service's own tasks. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Exit, KitError } from "../../model/errors.ts";
import type { StackDef } from "../../model/service.ts";
import { tools } from "../../toolchain/catalogue.ts";
import type { ToolName } from "../../toolchain/types.ts";
import { areaPath, type Layout } from "./layout.ts";

/** Raise it when the state folder changes its form, and bring older ones to it. */
export const stateVersion = 1;

/** Of one service's data. */
export interface DataForm {
  version: string;
  /** Names of the migrations that were there to be applied. */
  migrations: string[];
}

export interface Writers {
  state_version: number;
  /** The checkout's commit; null where there is no git. */
  commit: string | null;
  data: Record<string, DataForm>;
}

/** What this checkout would write. */
export function writersOf(layout: Layout, { services }: StackDef): Writers {
  const data: Writers["data"] = {};
  for (const { name, data: form } of services) {
    if (!form) continue;
    const { tool, migrations } = form;
    const folder = migrations && join(areaPath(layout, name, migrations.area), migrations.rest);
    data[name] = {
      version: tools[tool as ToolName].version,
      migrations: folder ? readdirSync(folder).filter((file) => file.endsWith(".sql")) : [],
    };
  }
  return { state_version: stateVersion, commit: commitOf(layout.checkout), data };
}

/** Why a checkout can't use what others wrote; null when it can. Pure. */
export function tooNew(wrote: Partial<Writers>, now: Writers): string | null {
  if ((wrote.state_version ?? 0) > now.state_version)
    return `the state folder has the form ${wrote.state_version}, this checkout knows ${now.state_version}`;
  for (const [service, { version, migrations }] of Object.entries(wrote.data ?? {})) {
    const own = now.data[service];
    if (!own) continue;
    if (compare(version, own.version) > 0)
      return `the data of ${service} is of version ${version}, this checkout has ${own.version}`;
    const unknown = migrations.filter((name) => !own.migrations.includes(name));
    if (unknown.length > 0)
      return `${service} has the migration ${unknown.join(", ")}, which this checkout has not`;
  }
  return null;
}

/** Nothing was started and nothing is changed when it throws. */
export function refuseNewer(layout: Layout, stack: StackDef): void {
  const wrote = readWriters(layout);
  const why = wrote && tooNew(wrote, writersOf(layout, stack));
  if (!why) return;
  const named = layout.stack === "default" ? "" : ` --stack ${layout.stack}`;
  const back = wrote.commit
    ? `git checkout ${wrote.commit.slice(0, 12)}`
    : "use the newer checkout";
  throw new KitError({
    code: "STATE_TOO_NEW",
    what: `the state of stack '${layout.stack}' was written by a newer Gridata`,
    why,
    fix: `${back}, which wrote it; or remove the state: ./gridata down --purge${named}`,
    exit: Exit.failed,
  });
}

function readWriters({ stackFile }: Layout): Partial<Writers> | null {
  return existsSync(stackFile)
    ? (JSON.parse(readFileSync(stackFile, "utf8")) as Partial<Writers>)
    : null;
}

/** By their numbers, from the left. */
function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/\D+/).map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function commitOf(checkout: string): string | null {
  try {
    const args = ["-C", checkout, "rev-parse", "HEAD"];
    return execFileSync("git", args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}
