/**
 * The private folder: what was taken lies in `<intake>/<world>/<domain>.<dataset>.<delivery id>.<arrival>[.again]/<name>` until the
 * store has it. Everything is in the names, so that one rename takes a file and a gateway that starts again knows all.
 */
import { mkdir, readFile, readdir, rename, rm, rmdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { uuidv7 } from "@gridata/kit/clients/ids";
import { isName } from "@gridata/kit/model";
import { requestName, type Place } from "./folders.ts";

export interface Taken extends Place {
  world: string;
  deliveryId: string;
  /** Milliseconds since the epoch. */
  arrivalMs: number;
  again: boolean;
  dir: string;
}

const request = ".request.json";
const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const uuidPattern = new RegExp(`^${uuid}$`);
const dirPattern = new RegExp(`^([a-z0-9_]+)\\.([a-z0-9_]+)\\.(${uuid})\\.([0-9]+)(\\.again)?$`);

function dirName(taken: Omit<Taken, "dir" | "name" | "world">): string {
  const { domain, dataset, deliveryId, arrivalMs, again } = taken;
  return `${domain}.${dataset}.${deliveryId}.${arrivalMs}${again ? ".again" : ""}`;
}

function parseDirName(text: string): Omit<Taken, "dir" | "name" | "world"> | null {
  const m = dirPattern.exec(text);
  if (!m) return null;
  const [, domain = "", dataset = "", deliveryId = "", arrival, again] = m;
  return { domain, dataset, deliveryId, arrivalMs: Number(arrival), again: again !== undefined };
}

export const pathOf = (taken: Taken) => join(taken.dir, taken.name);

/**
 * Takes a file by renaming it. Null when it is gone. The request beside it moves first: a crash in between leaves a folder without
 * a file, which `recover` undoes, and never a request that the next file of that name would take for its own.
 */
export async function take(
  intakeDir: string,
  world: string,
  place: Place,
  file: string,
  arrivalMs: number,
): Promise<Taken | null> {
  const asked = await readRequest(join(dirname(file), requestName(place.name)));
  const deliveryId = asked?.deliveryId ?? uuidv7(arrivalMs);
  const key = { ...place, deliveryId, arrivalMs, again: asked?.again ?? false };
  const dir = join(intakeDir, world, dirName(key));
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if (asked) await rename(asked.path, join(dir, request)).catch(ifGone);
  try {
    await rename(file, join(dir, place.name));
  } catch (error) {
    await undo(dir, file);
    ifGone(error as NodeJS.ErrnoException);
    return null;
  }
  return { world, ...key, dir };
}

/** What lies in the private folder. `dropFolder` gives a world's drop folder, to put back requests whose file was not taken. */
export async function recover(
  intakeDir: string,
  dropFolder: (world: string) => string,
): Promise<Taken[]> {
  const found: Taken[] = [];
  for (const world of await names(intakeDir)) {
    if (!isName("world", world)) continue;
    for (const entry of await names(join(intakeDir, world))) {
      const key = parseDirName(entry);
      if (!key) continue;
      const dir = join(intakeDir, world, entry);
      const name = (await names(dir)).find((inside) => inside !== request);
      if (name !== undefined) found.push({ world, name, ...key, dir });
      else await undo(dir, join(dropFolder(world), key.domain, key.dataset, "?"));
    }
  }
  return found.toSorted((a, b) => a.arrivalMs - b.arrivalMs);
}

/** Gives a taken file another delivery id and arrival: it is no longer the file that was delivered under the old ones. */
export async function renew(taken: Taken, arrivalMs: number): Promise<Taken> {
  const key = { ...taken, deliveryId: uuidv7(arrivalMs), arrivalMs };
  const dir = join(dirname(taken.dir), dirName(key));
  await rename(taken.dir, dir);
  return { ...key, dir };
}

export async function discard(taken: Taken): Promise<void> {
  await rm(pathOf(taken), { force: true });
  await rm(join(taken.dir, request), { force: true });
  await rmdir(taken.dir).catch(ifGone);
}

/** A folder that was made for a file that was not taken. */
async function undo(dir: string, file: string): Promise<void> {
  const kept = join(dir, request);
  const text = await readFile(kept, "utf8").catch(() => null);
  const name = text === null ? undefined : (JSON.parse(text) as { name?: string }).name;
  const back = name === undefined ? null : join(dirname(file), requestName(name));
  if (back && existsSync(dirname(back)) && !existsSync(back)) await rename(kept, back);
  await rm(kept, { force: true });
  await rmdir(dir);
}

interface Request {
  path: string;
  deliveryId: string | undefined;
  again: boolean;
}

async function readRequest(path: string): Promise<Request | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return null;
  }
  let wish: Partial<Record<"again" | "delivery_id", unknown>> | null = null;
  try {
    wish = JSON.parse(text) as Partial<Record<"again" | "delivery_id", unknown>> | null;
  } catch {
    // Not one that `drop` wrote: it is taken away with the file and asks for nothing.
  }
  const id = wish?.delivery_id;
  return {
    path,
    deliveryId: typeof id === "string" && uuidPattern.test(id) ? id : undefined,
    again: wish?.again === true,
  };
}

async function names(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    ifGone(error as NodeJS.ErrnoException);
    return [];
  }
}

function ifGone(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
}
