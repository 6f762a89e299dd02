/** Many files of every shipped dataset at once, some bad, some twice: each gets one verdict, and the tables are what the files say. */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  canonical,
  mixedFiles,
  mixedTables,
  openWorld,
  type MixedFile,
  type World,
} from "@gridata/testkit";
import type { Delivery } from "@gridata/kit/clients/passports";

const count = 200;
/** Where the same content again is a duplicate; elsewhere it is applied again. */
const ignoring = ["sales.transactions", "telemetry.readings"];

describe(`${count} files of all datasets, dropped at once`, () => {
  let world: World;
  let files: MixedFile[];
  let deliveries: Delivery[];
  const ofDelivery = new Map<string, MixedFile>();

  beforeAll(async () => {
    world = await openWorld();
    files = await mixedFiles(count, 1);
    const written = await Promise.all(
      files.map(async ({ dataset, name, file }) => {
        const path = join(await world.datasetDir(dataset), name);
        await writeFile(`${path}.part`, file.bytes);
        return path;
      }),
    );
    await Promise.all(written.map((path) => rename(`${path}.part`, path)));
    deliveries = await world.eventually(
      `the verdicts of ${count} files`,
      async () => {
        const all = await world.deliveries();
        const settled = all.filter((d) => world.isFinal(d) || d.reason?.code === "NO_CONTRACT");
        return settled.length >= count && settled.length === all.length && all;
      },
      { deadline: 840, every: 500 },
    );
    for (const d of deliveries)
      ofDelivery.set(
        d.delivery_id,
        files.find((f) => f.dataset === `${d.domain}.${d.dataset}` && f.name === d.name)!,
      );
  }, 900_000);
  afterAll(async () => {
    await world?.close();
  });

  it("each is one delivery and has its verdict; of the same content again, as its contract says", () => {
    expect(deliveries).toHaveLength(count);
    expect(new Set(ofDelivery.values()).size).toBe(count);
    const contents = Map.groupBy(deliveries, (d) => {
      const { dataset, file, expect: wanted } = ofDelivery.get(d.delivery_id)!;
      return wanted === "rival" ? "rivals" : `${dataset} ${file.fileId}`;
    });
    const verdicts = [...contents.values()].map((same) => {
      const { dataset, name, expect: wanted, code } = ofDelivery.get(same[0]!.delivery_id)!;
      const told = same.map(({ state, reason }) =>
        wanted === "accepted" ? state : `${state} ${reason?.code}`,
      );
      const first = wanted === "accepted" ? "published" : `${wanted} ${code}`;
      const more = ignoring.includes(dataset) && wanted === "accepted" ? "duplicate" : first;
      return {
        ...{ name, told: told.toSorted() },
        wanted:
          wanted === "rival"
            ? ["published undefined", "rejected QUALITY_CHECK_FAILED"]
            : same.map((_, i) => (i === 0 ? first : more)).toSorted(),
      };
    });
    expect(verdicts.filter(({ told, wanted }) => told.join() !== wanted.join())).toEqual([]);
    expect(contents.get("rivals")).toHaveLength(2);
  });

  it("every table is what its files say, the derived one too", async () => {
    const published = deliveries.filter(({ state }) => state === "published");
    await world.upToDate("sales.daily_revenue_v1");
    for (const { table, columns, rows } of mixedTables(
      published.map((d) => ofDelivery.get(d.delivery_id)!),
    )) {
      expect(rows.length, table).toBeGreaterThan(10);
      expect(canonical(await world.rows(table), columns), table).toEqual(canonical(rows, columns));
    }
  });

  it("came in batches: fewer than a third of the files", async () => {
    expect((await world.batches()).length).toBeLessThan(count / 3);
  });

  it("and ledger, lake and objects agree", async () => {
    const checks = await world.eventually("no invariant to be broken", async () => {
      const all = await world.verify();
      return all.every(({ state }) => state !== "failed") && all;
    });
    const looked = checks
      .filter(({ state }) => state === "passed")
      .map(({ invariant }) => invariant);
    expect(looked).toEqual(expect.arrayContaining(["I1", "I2", "I3", "I4", "I8"]));
  });
});
