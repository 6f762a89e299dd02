/** Stacks beside each other: two of this checkout, and one of another checkout under the same name. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectStore } from "@gridata/kit/clients/s3";
import { dropFolder, readStackConfig, stateFolder } from "@gridata/kit/clients/stack";
import { leased } from "@gridata/kit/toolchain/needs";
import { cacheRoot } from "@gridata/kit/toolchain/paths";
import { transactions, until } from "@gridata/testkit";
import { copyCheckout } from "@gridata/testkit/checkout";
import { checkout, ran } from "../command-line.ts";

interface Answer {
  ok: boolean;
  state: string;
  services: { name: string; state: string; pid: number; address: string | null }[];
  error?: { code: string };
}
interface Place {
  checkout: string;
  stack: string;
}

const name = `pair-${process.pid}`;
const elsewhere = join(tmpdir(), `gridata-checkout-${process.pid}`);
const first: Place = { checkout, stack: name };
const second: Place = { checkout, stack: `${name}-b` };
const foreign: Place = { checkout: elsewhere, stack: name };
const all = [first, second, foreign];

async function run(place: Place, ...args: string[]): Promise<Answer> {
  const words = [...args, "--stack", place.stack, "--json"];
  const { stdout } = await ran(join(place.checkout, "gridata"), words, {
    env: process.env,
    cwd: place.checkout,
  });
  return JSON.parse(stdout) as Answer;
}
const start = (place: Place) => run(place, "dev", "--only", "gateway");
const config = ({ checkout: at, stack }: Place, identity = "admin") =>
  readStackConfig(at, stack, identity);
const staged = (place: Place) =>
  objectStore(config(place).s3!).list("staging", "default/drop/", true);
const supervisorOf = ({ checkout: at, stack }: Place) =>
  readFileSync(join(stateFolder(at, stack), "run/supervisor.json"), "utf8");

async function drop(place: Place, content: Buffer): Promise<void> {
  const folder = join(dropFolder(place.checkout, place.stack, "default"), "sales/transactions");
  mkdirSync(folder, { recursive: true });
  await writeFile(join(folder, "same.csv.part"), content);
  await rename(join(folder, "same.csv.part"), join(folder, "same.csv"));
}

describe("stacks beside each other", () => {
  beforeAll(async () => {
    copyCheckout(checkout, elsewhere);
    for (const answer of await Promise.all(all.map(start)))
      expect(answer).toMatchObject({ ok: true, state: "ready" });
  });
  afterAll(async () => {
    await Promise.all(all.map((place) => run(place, "down", "--purge")));
    rmSync(elsewhere, { recursive: true, force: true });
  });

  it("have ports, processes and data of their own, and lease the same tools", async () => {
    const answers = await Promise.all(all.map((place) => run(place, "status")));
    const services = answers.flatMap((answer) => answer.services);
    const addresses = services.flatMap(({ address }) => address ?? []);
    expect(addresses.length).toBeGreaterThan(5);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(new Set(services.map(({ pid }) => pid)).size).toBe(services.length);
    const tools = leased(cacheRoot());
    for (const tool of ["postgres", "s3"])
      expect(
        [...tools.keys()].some((entry) => entry.startsWith(`${tool}/`)),
        tool,
      ).toBe(true);
  });

  it("take the same file, each into its own store, once", async () => {
    const file = transactions({ seed: 71, records: 30 });
    await Promise.all(all.map((place) => drop(place, file.bytes)));
    for (const place of all) {
      const [object] = await until(`${place.stack} to take its file`, async () => {
        const found = await staged(place);
        return found.length > 0 && found;
      });
      expect(object).toMatchObject({ size: file.bytes.length });
      expect((await staged(place)).length).toBe(1);
    }
  });

  it("refuse each other's credentials", async () => {
    for (const [own, other] of [
      [first, second],
      [first, foreign],
      [foreign, first],
    ] as const) {
      const stranger = { ...config(own).s3!, endpoint: config(other).s3!.endpoint };
      await expect(objectStore(stranger).list("staging", "")).rejects.toThrow(
        /access key|signature/i,
      );
    }
  });

  it("of two starts of one stack at once the second attaches: one supervisor, one of each service", async () => {
    await run(second, "down");
    const [one, other] = await Promise.all([start(second), start(second)]);
    const pids = (answer: Answer) => answer.services.map((s) => [s.name, s.pid]);
    expect(one).toMatchObject({ ok: true, state: "ready" });
    expect(other).toMatchObject({ ok: true, state: "ready" });
    expect(pids(one)).toEqual(pids(other));
  });

  it("end and are removed each by itself", async () => {
    const before = [supervisorOf(second), supervisorOf(foreign)];
    expect(await run(first, "down", "--purge")).toMatchObject({ ok: true });
    expect([supervisorOf(second), supervisorOf(foreign)]).toEqual(before);
    for (const place of [second, foreign]) {
      expect(await run(place, "status")).toMatchObject({ state: "ready" });
      expect((await staged(place)).length).toBe(1);
    }
  });
});
