/** A world with a table in it, files whose rows are known beforehand, and the assertion that every fault test ends with. */
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

const table = "sales.transactions_v1";
const dataset = "sales.transactions";

/** `chaos --seed N`: other files, other moments. */
const seed = Number(process.env["GRIDATA_SEED"] ?? 1);

export interface Scene {
  readonly world: World;
  /** A file with keys of its own; its rows are expected in the table from then on. */
  file(records?: number): GeneratedFile;
  /** Drops a file and expects its rows. From the first one on main is polled, until `holds`. */
  drop(name: string, records?: number): Promise<GeneratedFile>;
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
    await it.drop("first.csv", 50);
    expect((await world.verdict("first.csv")).state).toBe("published");
    await it.holds();
  });
  afterAll(async () => {
    await world?.close();
  });
  const it: Scene = {
    get world() {
      return world;
    },
    file: (records = 240) =>
      transactions({ seed: (seed % 50) * 1000 + ++made, records, bad: Math.floor(records / 120) }),
    expect: (file) => void expected.push(file),
    async drop(name, records) {
      const file = it.file(records);
      expected.push(file);
      reader ??= readMain(world, table);
      await world.drop(dataset, name, file.bytes);
      return file;
    },
    async holds(options) {
      try {
        await invariants(world, options);
        expect(canonical(await world.rows(table), transactionColumns)).toEqual(
          canonical(
            expected.flatMap(({ rows }) => rows),
            transactionColumns,
          ),
        );
      } finally {
        const polling = reader;
        reader = null;
        await polling?.stop();
      }
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
