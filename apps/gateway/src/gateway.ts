/** Worlds in, deliveries out: watches each world's drop folder, takes what is done, and brings it to the store. */
import { statfs } from "node:fs/promises";
import type { Config } from "@gridata/kit/clients/config";
import { folderOfWorld } from "@gridata/kit/clients/drop-folders";
import type { Failpoints } from "@gridata/kit/clients/failpoint";
import { errorText, type Logger } from "@gridata/kit/clients/log";
import type { StagingStore } from "@gridata/kit/clients/staging";
import { recover, renew, take, type Taken } from "./intake.ts";
import { scan } from "./scan.ts";
import { upload } from "./upload.ts";
import { watch, type Watch } from "./watch.ts";
import { intakeGate } from "./watermark.ts";
import type { WriterProbe } from "./writer.ts";

/** The listing that finds what no hint announced. */
const listEveryMs = 2_000;
/** Of one world, at a time: the store's disk is the same one. */
const uploadsAtOnce = 2;

interface GatewayParts {
  config: Config & { drop: NonNullable<Config["drop"]> };
  store: StagingStore;
  clock: () => number;
  probe: WriterProbe;
  failpoints: Failpoints;
  log: Logger;
  /** Bytes that are to stay free; null: a share of the disk. */
  keepFree: number | null;
}

export function createGateway(parts: GatewayParts) {
  const { config, store, clock, probe, failpoints, log } = parts;
  const gate = intakeGate(parts.keepFree);
  const folderOf = (world: string) => folderOfWorld(config, world);
  const worlds = new Map<string, { close(): Promise<void> }>();
  const waiting: Taken[] = [];
  const running = new Set<Promise<void>>();
  let closed = false;

  function pump(): void {
    while (!closed && running.size < uploadsAtOnce && waiting.length > 0) {
      const work: Promise<void> = bring(waiting.shift()!).finally(() => {
        running.delete(work);
        pump();
      });
      running.add(work);
    }
  }

  /** Until the store has it: a store that is away delays a file and never loses it. */
  async function bring(taken: Taken): Promise<void> {
    let file = taken;
    for (let pause = 200; !closed; pause = Math.min(10_000, pause * 2)) {
      const about = log.with({ world: file.world, delivery: file.deliveryId });
      try {
        if ((await upload(store, file, failpoints)) === "staged") {
          about.info("staged", { name: file.name, dataset: `${file.domain}.${file.dataset}` });
          return;
        }
        file = await renew(file, clock());
        about.warn("changed while it was uploaded: delivered anew", {
          name: file.name,
          as: file.deliveryId,
        });
      } catch (error) {
        about.warn("the store did not take it; trying again", {
          name: file.name,
          in_s: pause / 1000,
          why: errorText(error),
        });
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** The private folder and the store share the disk of the state folder. */
  async function hasRoom(): Promise<boolean> {
    const { bavail, blocks, bsize } = await statfs(config.state_dir);
    const free = bavail * bsize;
    const { open, changed } = gate.look({ free, total: blocks * bsize });
    if (changed && open) log.info("there is room again: files are taken", { free_bytes: free });
    else if (changed)
      log.error("the disk is nearly full: files stay in the drop folder until there is room", {
        dir: config.state_dir,
        free_bytes: free,
      });
    return open;
  }

  async function openWorld(world: string): Promise<{ close(): Promise<void> }> {
    const dir = folderOf(world);
    const told = new Set<string>();
    let timer: NodeJS.Timeout | undefined;
    let scanning: Promise<void> | null = null;
    let again = false;
    let open = true;

    const look = (): void => {
      if (scanning) {
        again = true;
        return;
      }
      clearTimeout(timer);
      scanning = sweep()
        .catch((error: unknown) => {
          log.error("the drop folder can't be read", { world, dir, why: errorText(error) });
          return listEveryMs;
        })
        .then((next) => {
          scanning = null;
          if (!open) return;
          timer = setTimeout(look, again ? 0 : next);
          again = false;
        });
    };
    async function sweep(): Promise<number> {
      const { ready, misplaced, lookAgainMs } = await scan(dir, probe);
      for (const { path, why } of misplaced)
        if (!told.has(path)) {
          told.add(path);
          log.warn("not taken", { world, path, why });
        }
      if (ready.length > 0 && !(await hasRoom())) return listEveryMs;
      for (const { place, path } of ready) {
        const taken = await failpoints.around("take", world, () =>
          take(config.drop.intake_dir, world, place, path, clock()),
        );
        if (taken) waiting.push(taken);
        pump();
      }
      return Math.min(lookAgainMs ?? listEveryMs, listEveryMs);
    }
    let hints: Watch | null = null;
    try {
      hints = await watch(dir, look);
    } catch (error) {
      log.warn("no hints for this folder; it is listed", { world, dir, why: errorText(error) });
    }
    look();
    return {
      async close() {
        open = false;
        clearTimeout(timer);
        await hints?.close();
        await scanning;
      },
    };
  }

  return {
    /** What an earlier gateway took and did not bring. */
    async resume(): Promise<void> {
      const left = await recover(config.drop.intake_dir, folderOf);
      waiting.push(...left);
      if (left.length > 0)
        log.info("bringing what an earlier gateway took", { files: left.length });
      pump();
    },
    /** Watches exactly these worlds from now on. */
    async setWorlds(names: readonly string[]): Promise<void> {
      for (const [name, world] of worlds)
        if (!names.includes(name)) {
          worlds.delete(name);
          await world.close();
        }
      for (const name of names)
        if (!worlds.has(name)) {
          worlds.set(name, await openWorld(name));
          log.info("watching", { world: name, dir: folderOf(name) });
        }
    },
    async close(): Promise<void> {
      for (const world of worlds.values()) await world.close();
      closed = true;
      await Promise.all(running);
    },
  };
}
