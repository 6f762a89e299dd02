import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { csv, datasetsOf, type Datasets } from "../contracts.ts";

/** A customer of a region, as one line of a change feed. */
interface Change {
  id: number;
  region: string;
  changed: string | null;
  op: "U" | "D" | null;
  name: string;
}
const change = (id: number, day: number | null, name: string, op: Change["op"] = "U"): Change => ({
  ...{ id, region: id % 2 ? "eu" : "us", op, name },
  changed: day === null ? null : `2026-11-${String(day).padStart(2, "0")}T12:00:00Z`,
});

describe("a table whose rows are kept by key", () => {
  let world: World;
  let datasets: Datasets;
  let table: string;
  const feed: Change[] = [];
  let again: Promise<unknown>;

  beforeAll(async () => {
    world = await openWorld();
    datasets = datasetsOf(world);
    table = `${datasets.domain}.customers_v1`;
    await datasets.save("customers", {
      settings: {
        ...{ mode: "upsert", order: ["changed"], tombstone: { column: "op", values: ["D"] } },
        partition: ["day(changed) as dt", "bucket(2, id)"],
      },
      columns: {
        id: { physicalType: "bigint", required: true, primaryKey: true, primaryKeyPosition: 1 },
        region: { physicalType: "string", required: true, primaryKey: true, primaryKeyPosition: 2 },
        ...{ changed: "timestamptz", op: "string", name: "string" },
      },
    });
    await datasets.save("settings", {
      settings: { mode: "upsert" },
      columns: {
        key: { physicalType: "string", required: true, primaryKey: true },
        value: "string",
      },
    });
    // Goes on beside the other table.
    const [dark, light] = [[{ key: "theme", value: "dark" }], [{ key: "theme", value: "light" }]];
    again = (async () => {
      for (const [i, content] of [dark, light, dark].entries())
        await datasets.publish("settings", `settings ${i}.csv`, content);
    })();
    again.catch(() => undefined);
  });
  afterAll(async () => {
    await again?.catch(() => undefined);
    await datasets?.remove();
    await world?.close();
  });

  /** Publishes changes; the feed is all that was ever published, in the order of arrival. */
  async function publish(file: string, changes: Change[]) {
    feed.push(...changes);
    return datasets.publish("customers", file, changes);
  }
  const outcome = async (file: string) => (await world.deliveries(file)).at(-1)!.outcome;
  const shown = async () =>
    (await world.rows(table))
      .map(({ id, region, changed, name }) => [id, region, changed?.slice(0, 10) ?? null, name])
      .toSorted();
  /** Of each key the greatest by (changed, place in the feed), unless it deletes. NULL is less than every time. */
  function expected() {
    const greatest = new Map<string, Change>();
    for (const one of feed) {
      const key = `${one.id}/${one.region}`;
      if ((one.changed ?? "") >= (greatest.get(key)?.changed ?? "")) greatest.set(key, one);
    }
    return [...greatest.values()]
      .filter(({ op }) => op !== "D")
      .map(({ id, region, changed, name }) => [
        ...[String(id), region, changed?.slice(0, 10) ?? null, name],
      ])
      .toSorted();
  }

  it("takes new keys; of several versions in one file the greatest", async () => {
    await publish("a.csv", [
      change(1, 3, "one"),
      change(2, 3, "two, later"),
      change(2, 2, "two"),
      change(3, null, "three"),
      change(4, 1, "four"),
    ]);
    expect(await shown()).toEqual(expected());
    expect(await outcome("a.csv")).toEqual({
      ...{ inserted: 4, updated: 0, superseded: 1, deleted: 0, removed: 0 },
    });
  });

  it("updates a key, moves it to another partition, and leaves out what is older than the table", async () => {
    await publish("b.csv", [
      change(1, 9, "one moved"),
      change(2, 1, "two, too late"),
      change(3, 1, "three dated"),
      change(5, 1, "five"),
    ]);
    expect(await shown()).toEqual(expected());
    expect(await outcome("b.csv")).toEqual({
      ...{ inserted: 1, updated: 2, superseded: 1, deleted: 0, removed: 2 },
    });
  });

  it("deletes by a tombstone, keeps a late older row out, and takes the key again when it comes back newer", async () => {
    await publish("gone.csv", [change(1, 12, "", "D"), change(99, 12, "", "D")]);
    expect(await outcome("gone.csv")).toMatchObject({ deleted: 2, removed: 1 });
    expect(await shown()).toEqual(expected());
    const late = await publish("late.csv", [change(1, 11, "late"), change(99, 11, "late")]);
    expect(late.reason?.code).toBe("SUPERSEDED");
    expect(await shown()).toEqual(expected());
    await publish("back.csv", [change(1, 13, "one again")]);
    expect(await outcome("back.csv")).toMatchObject({ inserted: 1, removed: 0 });
    expect(await shown()).toEqual(expected());
  });

  it("ends at A after A, B, A: content that comes again is applied again", async () => {
    await again;
    const rows = await world.rows(`${datasets.domain}.settings_v1`);
    expect(rows.map(({ value }) => value)).toEqual(["dark"]);
  });

  it("comes through four deaths of its steps, with two files of one key in the batch", async () => {
    const dataset = `${datasets.domain}.customers`;
    const held = await world.arm("validate.raw:after:kill");
    const points = ["process.commit:before", "process.commit:after"];
    points.push("publish.commit:before", "publish.commit:after");
    const faults = await Promise.all(points.map((point) => world.arm(`${point}:kill`)));
    // No batch is made while one is in ingest, so x and y come together. This one writes nothing.
    await world.drop(dataset, "held.csv", "nobody knows this column\n");
    await held.hit();
    const [x, y] = [
      [change(4, 20, "four x"), change(2, 21, "", "D")],
      [change(4, 20, "four y"), change(7, 1, "seven"), change(5, null, "five, too late")],
    ];
    await world.drop(dataset, "x.csv", csv(x));
    await world.eventually("x to be staged", async () => (await world.deliveries("x.csv")).length);
    await world.drop(dataset, "y.csv", csv(y));
    await world.eventually("y to be staged", async () => (await world.deliveries("y.csv")).length);
    feed.push(...x, ...y);
    for (const fault of faults) await fault.hit(150);
    expect((await world.verdict("held.csv")).state).toBe("rejected");
    const [vx, vy] = [await world.verdict("x.csv"), await world.verdict("y.csv")];
    expect([vx.state, vy.state]).toEqual(["published", "published"]);
    expect(vx.batch_id).toBe(vy.batch_id);
    expect(await world.attempts(vx.batch_id!)).toHaveLength(5);
    expect(await shown()).toEqual(expected());
    expect(await outcome("x.csv")).toMatchObject({ superseded: 1, deleted: 1 });
    expect(await world.auditBranches(table)).toEqual([]);
  });
});
