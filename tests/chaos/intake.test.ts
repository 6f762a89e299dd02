/** F18, F19, F24, F31, F32: what comes in twice, out of order, unfinished, under another name, or over what is there. */
import { open, rename, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { s3Client } from "@gridata/kit/clients/s3";
import { readStackConfig } from "@gridata/kit/clients/stack";
import {
  canonical,
  invariants,
  openWorld,
  transactionColumns,
  type GeneratedFile,
} from "@gridata/testkit";
import { testDatasets } from "../e2e/dataset.ts";
import { announcements } from "./announcements.ts";
import { dataset, dropKey, scene, table } from "./scene.ts";

const stage = scene();
const store = () => s3Client(readStackConfig(stage.world.checkout, stage.world.stack, "admin").s3!);
const states = async (name: string) =>
  (await stage.world.deliveries(name)).map(({ state }) => state);

it("F18: a file is announced five times, others out of order, some are not there and some are no announcements", async () => {
  const { world } = stage;
  await using events = await announcements(world);
  // Nobody takes them up before all was said.
  const fault = await world.arm("dispatcher.claim:before:pause");
  const names = [0, 1, 2].map((i) => `F18 ${i}.csv`);
  for (const name of names) await stage.drop(name, 40);
  const pid = await fault.hit();
  const staged = await world.eventually("three staged objects", async () => {
    const found = await world.objects("staging", `${world.name}/drop/`);
    return found.length === 3 && found.map(({ key }) => key);
  });
  const nowhere = dropKey(world, "nowhere/x.csv");
  await events.say(...staged.toReversed(), ...Array(5).fill(staged[0]!), nowhere);
  await events.sayText("no JSON", "{}", '{"Records":[{}]}', '{"Records":[{"s3":null}]}');
  process.kill(pid, "SIGCONT");
  await events.heard();
  await stage.holds();
  for (const name of names) expect(await states(name)).toEqual(["published"]);
  // Events are still heard: what is no announcement stops nobody.
  await stage.dropAnnounced("F18 last");
  await stage.holds();
});

it("F19: the same content under two names, new content under an old name", async () => {
  const { world } = stage;
  const first = await stage.drop("F19 a.csv", 40);
  await world.drop(dataset, "F19 b.csv", first.bytes);
  await stage.drop("F19 a.csv", 50);
  await world.drop(dataset, "F19 a.csv", first.bytes);
  await stage.holds();
  expect(await states("F19 b.csv")).toEqual(["duplicate"]);
  expect(await states("F19 a.csv")).toEqual(["published", "published", "duplicate"]);
});

it("F24: a file that is written slowly, or under a name of something unfinished, is left alone until it is whole", async () => {
  const { world } = stage;
  const folder = await world.datasetDir(dataset);
  const file = stage.file(400);
  const half = Math.floor(file.bytes.length / 2);
  const writer = await open(join(folder, "F24 slow.csv"), "w");
  await writer.write(file.bytes.subarray(0, half));
  const unfinished = ["F24 a.csv.part", "F24 b.csv.TMP", ".F24 c.csv"];
  const others: GeneratedFile[] = [];
  for (const name of unfinished) {
    const other = stage.file(30);
    others.push(other);
    await writeFile(join(folder, name), other.bytes.subarray(0, 100));
  }
  await partialPut("F24 partial/x.csv", file.bytes.subarray(0, half), file.bytes.length);
  // A file that is whole goes through meanwhile: proof that both lists were looked at, and these left alone.
  await stage.drop("F24 quick.csv", 20);
  expect((await world.verdict("F24 quick.csv")).state).toBe("published");
  expect(
    (await world.deliveries()).filter(({ name }) => /F24 (?!quick)|x\.csv/.test(name)),
  ).toEqual([]);
  await writer.write(file.bytes.subarray(half));
  await writer.close();
  stage.expect(file);
  for (const [i, name] of unfinished.entries()) {
    await writeFile(join(folder, name), others[i]!.bytes);
    await rename(join(folder, name), join(folder, `F24 ${i}.csv`));
    stage.expect(others[i]!);
  }
  const put = stage.file(30);
  stage.expect(put);
  await store().putObject("staging", dropKey(world, "F24 partial/x.csv"), put.bytes);
  await stage.holds();
  expect((await world.deliveries("F24 slow.csv")).map(({ file_id }) => file_id)).toEqual([
    file.fileId,
  ]);
});

it("F31: the same file in two worlds, two datasets and two folders at once", async () => {
  const { world } = stage;
  await using own = testDatasets(world.checkout);
  const contract = {
    columns: ["id string key", "amount bigint"],
    kit: { format: "csv", redelivery: "ignore" },
  };
  const other = await openWorld();
  try {
    for (const name of ["left", "right"]) await own.contract(name, contract);
    const visits = "id,amount\nA,1\nB,2\n";
    const same = await stage.drop("F31.csv", 40);
    await Promise.all([
      other.drop(dataset, "F31.csv", same.bytes),
      world.drop(dataset, "F31 again.csv", same.bytes),
      // Somebody else's own way in: a folder of its own below the prefix.
      store().putObject("staging", dropKey(world, "F31 folder/F31.csv"), same.bytes),
      ...["left", "right"].map((name) =>
        world.drop(`${own.domain}.${name}`, "F31 pair.csv", visits),
      ),
    ]);
    await world.eventually("the pair to be published", async () => {
      const found = await states("F31 pair.csv");
      return found.length === 2 && found.every((state) => state === "published");
    });
    await stage.holds();
    await invariants(other);
    expect(canonical(await other.rows(table), transactionColumns)).toEqual(
      canonical(same.rows, transactionColumns),
    );
    const three = [...(await states("F31.csv")), ...(await states("F31 again.csv"))];
    expect(three.toSorted()).toEqual(["duplicate", "duplicate", "published"]);
    for (const name of ["left", "right"])
      expect(
        (await world.rows(`${own.domain}.${name}_v1`))
          .map(({ id, amount }) => `${id} ${amount}`)
          .toSorted(),
      ).toEqual(["A 1", "B 2"]);
  } finally {
    await other.close();
  }
});

it("F32: a staged object is overwritten by a PUT between validation and deletion", async () => {
  const { world } = stage;
  const fault = await world.arm("publish.commit:before:pause");
  await stage.drop("F32.csv", 40);
  const pid = await fault.hit();
  const [staged] = await world.objects("staging", `${world.name}/drop/`);
  const later = stage.file(50);
  stage.expect(later);
  await store().putObject("staging", staged!.key, later.bytes);
  process.kill(pid, "SIGCONT");
  await stage.holds();
  const deliveries = await world.deliveries();
  expect(deliveries.filter(({ file_id }) => file_id === later.fileId)).toMatchObject([
    { state: "published", records_in: "50" },
  ]);
});

/** A PUT whose sender dies half-way. */
async function partialPut(name: string, half: Buffer, length: number): Promise<void> {
  const key = dropKey(stage.world, name);
  const url = new URL(await store().presignedPutObject("staging", key, 600));
  await new Promise<void>((done) => {
    const sending = request(url, { method: "PUT", headers: { "content-length": length } });
    sending.once("error", () => done());
    sending.write(half, () => sending.destroy());
    sending.once("close", () => done());
  });
}
