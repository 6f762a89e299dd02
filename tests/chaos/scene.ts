/** A world with a table in it, files whose rows are known beforehand, and the assertion that every fault test ends with. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStackConfig } from "@gridata/kit/clients/stack";
import { afterAll, beforeAll, expect } from "vitest";
import {
  canonical,
  faultProxy,
  invariants,
  openWorld,
  readMain,
  rewire,
  transactionColumns,
  transactions,
  type FaultProxy,
  type GeneratedFile,
  type MainReader,
  type World,
} from "@gridata/testkit";

/** Transactions of its own, of which nothing is derived: what stands or dies at a point of a step is a step of its files. */
const domain = `chaos_${randomBytes(4).toString("hex")}`;
export const dataset = `${domain}.transactions`;
export const table = `${dataset}_v1`;
/** Key of an object below the drop prefix of the dataset. */
export const dropKey = (world: World, rest: string) =>
  `${world.name}/drop/${domain}/transactions/${rest}`;

/** `chaos --seed N`: other files, other moments. */
export const seed = Number(process.env["GRIDATA_SEED"] ?? 1);

export interface Scene {
  readonly world: World;
  /** A file with keys of its own; its rows are expected in the table from then on. */
  file(records?: number): GeneratedFile;
  /** Drops a file and expects its rows. From the first one on main is polled, until `holds`. */
  drop(name: string, records?: number): Promise<GeneratedFile>;
  /** Drops files until an event of the store is what tells of one: a listing may be quicker now and then. */
  dropAnnounced(prefix: string): Promise<void>;
  /** Rows that the table must hold: without them the oracle would have to be told each time. */
  expect(file: GeneratedFile): void;
  /**
   * Nobody helped, the world converged, every invariant holds, and the table is what was dropped. A reader has looked at main since
   * the first drop, and between a branch's commit and its publish (I4).
   */
  holds(options?: { deadline?: number }): Promise<void>;
}

let made = 0;

/** One world for the tests of a file, with a table that has rows already. */
export function scene(): Scene {
  let world: World;
  let reader: MainReader | null = null;
  const expected: GeneratedFile[] = [];
  beforeAll(async () => {
    world = await openWorld();
    const folder = join(world.checkout, "contracts");
    const contract = readFileSync(join(folder, "sales/transactions.odcs.yaml"), "utf8")
      .replace("id: sales.", `id: ${domain}.`)
      .replace("domain: sales", `domain: ${domain}`);
    mkdirSync(join(folder, domain), { recursive: true });
    writeFileSync(join(folder, domain, "transactions.odcs.yaml"), contract);
    await it.drop("first.csv", 50);
    await it.holds();
  });
  afterAll(async () => {
    if (world) rmSync(join(world.checkout, "contracts", domain), { recursive: true, force: true });
    await world?.close();
  });
  /** On a busy machine a check may be over between two looks: a batch that stands after it is seen for certain. */
  async function lookBetween(polling: MainReader): Promise<void> {
    const held = await world.arm("publish.commit:before:pause");
    await it.drop(`held ${++made}.csv`, 10);
    const pid = await held.hit();
    await world.eventually("main to be looked at", () => polling.lookedBetween(), { deadline: 10 });
    process.kill(pid, "SIGCONT");
  }
  const it: Scene = {
    get world() {
      return world;
    },
    file(records = 240) {
      const nth = ++made;
      // Ids have eight digits: ten thousand files have ids of their own, none with as many records.
      const own = { seed: (seed % 50) * 1000 + nth, firstId: nth * 10_000 };
      return transactions({ ...own, records, bad: Math.floor(records / 120) });
    },
    expect: (file) => void expected.push(file),
    async drop(name, records) {
      const file = it.file(records);
      expected.push(file);
      reader ??= readMain(world, table);
      await world.drop(dataset, name, file.bytes);
      return file;
    },
    async dropAnnounced(prefix) {
      await world.eventually("a file to be announced", async () => {
        const name = `${prefix} ${++made}.csv`;
        await it.drop(name, 20);
        const { delivery_id } = await world.verdict(name);
        const hops = await world.hops(delivery_id);
        return hops.some((hop) => hop.name === "announced" && hop.state === "done");
      });
    },
    async holds(options) {
      const ended = async () => {
        const polling = reader;
        reader = null;
        await polling?.stop();
      };
      try {
        await invariants(world, options);
        if (reader && !reader.lookedBetween()) {
          await lookBetween(reader);
          await invariants(world, options);
        }
        expect(canonical(await world.rows(table), transactionColumns)).toEqual(
          canonical(
            expected.flatMap(({ rows }) => rows),
            transactionColumns,
          ),
        );
      } catch (error) {
        // What the reader has to say then would hide why.
        await ended().catch(() => {});
        throw error;
      }
      await ended();
    },
  };
  return it;
}

/** Puts a proxy between an identity and a service. */
export async function between(
  world: World,
  identity: "pipeline" | "publisher",
  service: "catalog" | "s3",
): Promise<{ proxy: FaultProxy; back(): Promise<void> }> {
  const config = readStackConfig(world.checkout, world.stack, identity);
  const proxy = await faultProxy(service === "s3" ? config.s3!.endpoint : config.catalog!.uri);
  const wire = rewire(world.checkout, world.stack, identity, service, proxy.url);
  return {
    proxy,
    async back() {
      wire[Symbol.dispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}
