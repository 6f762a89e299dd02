/** F02, F13, F14, F27: what a network does to the requests between the publisher, Spark, the catalog and the store. */
import { afterEach, describe, expect, it } from "vitest";
import { killService, serviceBack, type FaultProxy } from "@gridata/testkit";
import { between as proxied, scene, table } from "./scene.ts";

const stage = scene();
const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const back of undo.splice(0).toReversed()) await back();
});

async function between(
  identity: "pipeline" | "publisher",
  service: "catalog" | "s3",
): Promise<FaultProxy> {
  const { proxy, back } = await proxied(stage.world, identity, service);
  undo.push(back);
  return proxy;
}

const ofWorld = (path: string) => path.includes(`/${stage.world.name}/`);
const publishes = ({ method, path, body }: { method: string; path: string; body: string }) =>
  method === "POST" && ofWorld(path) && /"ref-name": ?"main"/.test(body);
const branchCommit = ({ method, path, body }: { method: string; path: string; body: string }) =>
  method === "POST" && ofWorld(path) && body.includes("add-snapshot") && body.includes("audit_");

describe("F27: the publish commit", () => {
  it.each(["answer-lost", "twice", "unavailable", "reset"] as const)("%s", async (fault) => {
    const proxy = await between("publisher", "catalog");
    const strike = proxy.inject(fault, publishes);
    await stage.drop(`F27 ${fault}.csv`);
    await stage.world.eventually("the commit to be struck", () => strike.struck.length === 1);
    await stage.holds();
  });

  it("delayed past the next batch: it fails when it arrives", async () => {
    const { world } = stage;
    const proxy = await between("publisher", "catalog");
    const strike = proxy.inject("late", publishes);
    await stage.drop("F27 late.csv");
    await world.eventually("the commit to be held", () => strike.struck.length === 1);
    expect((await world.verdict("F27 late.csv")).state).toBe("published");
    await stage.drop("F27 next.csv");
    expect((await world.verdict("F27 next.csv")).state).toBe("published");
    const before = await world.snapshot(table);
    const [status] = await strike.release();
    expect(status).toBe(409);
    expect(await world.snapshot(table)).toBe(before);
    await stage.holds();
  });
});

describe("F14: Spark's commit on the audit branch", () => {
  it.each(["answer-lost", "reset", "unavailable", "twice"] as const)("%s", async (fault) => {
    const proxy = await between("pipeline", "catalog");
    const strike = proxy.inject(fault, branchCommit);
    await stage.drop(`F14 ${fault}.csv`);
    await stage.world.eventually("the commit to be struck", () => strike.struck.length === 1);
    await stage.holds();
  });

  it("is held back while the catalog is killed, and arrives after the next attempt", async () => {
    const proxy = await between("pipeline", "catalog");
    const strike = proxy.inject("late", branchCommit);
    await stage.drop("F14 late.csv");
    await stage.world.eventually("the commit to be held", () => strike.struck.length === 1);
    await serviceBack("catalog", await killService("catalog"));
    await stage.holds();
    // Whatever it does now, it is on a branch that nobody publishes.
    await strike.release();
    await stage.holds();
  });
});

it("F02: Spark dies with its data files written and its commit on its way", async () => {
  const proxy = await between("pipeline", "catalog");
  const strike = proxy.inject("late", branchCommit);
  await stage.drop("F02.csv");
  await stage.world.eventually("the commit to be held", () => strike.struck.length === 1);
  const spark = await killService("spark");
  await strike.release();
  await serviceBack("spark", spark);
  await stage.holds();
});

it("F13: the store answers 503, resets connections, and loses answers to a whole attempt", async () => {
  const proxy = await between("pipeline", "s3");
  const strikes = (["unavailable", "reset", "answer-lost"] as const).map((fault, i) => {
    let nth = 0;
    return proxy.inject(fault, ({ path }) => ofWorld(path) && ++nth % 3 === i, 4);
  });
  await stage.drop("F13.csv");
  await stage.world.eventually("requests to be struck", () =>
    strikes.every(({ struck }) => struck.length > 0),
  );
  await stage.holds();
});
