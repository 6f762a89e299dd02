/** `ledger verify` on a real world: nothing in a healthy one, and what somebody broke by hand in each layer. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { s3Client } from "@gridata/kit/clients/s3";
import { readStackConfig } from "@gridata/kit/clients/stack";
import { openWorld, readMain, transactions, type World } from "@gridata/testkit";

const table = "sales.transactions_v1";
let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await world?.close();
});

it("passes a healthy world and finds what was planted in store and catalog", async () => {
  const file = transactions({ seed: 71, records: 400, bad: 3 });
  await world.drop("sales.transactions", "good.csv", file.bytes);
  const delivery = await world.verdict("good.csv");
  await world.eventually(
    "the staged version to be gone",
    async () => (await world.objects("staging", `${world.name}/drop/`)).length === 0,
  );
  const healthy = await world.verify();
  expect(healthy.filter(({ state }) => state === "failed")).toEqual([]);
  for (const invariant of ["I1", "I2", "I3", "I4", "I8"])
    expect(healthy.filter((c) => c.invariant === invariant && c.state === "passed")).not.toEqual(
      [],
    );

  const config = readStackConfig(world.checkout, world.stack, "admin");
  const store = s3Client(config.s3!);
  const put = (bucket: string, key: string) => store.putObject(bucket, key, Buffer.from("x"));
  const w = world.name;
  await put("staging", `${w}/parquet/${table}/b0000000000000/1/x.parquet`);
  const originals = await world.objects("raw", `${w}/sales/`);
  expect(originals).toHaveLength(1);
  await store.removeObject("raw", originals[0]!.key);
  const [receipt] = await world.objects("curated", `${w}/_batches/`);
  const text = JSON.parse(await world.text(`s3://curated/${receipt!.key}`)) as {
    checks: { passed: boolean }[];
  };
  text.checks[0]!.passed = false;
  const body = Buffer.from(JSON.stringify(text));
  await store.putObject("curated", receipt!.key, body, body.length);
  await branch(config.catalog!, w, `audit_${delivery.batch_id}_7`, delivery.snapshot_id!);

  const failed = (await world.verify()).filter(({ state }) => state === "failed");
  expect(failed.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["branches_live", "parquet_known", "raw_kept", "snapshots_audited"]),
  );
  expect(failed.flatMap(({ findings }) => findings).map(({ subject }) => subject)).toEqual(
    expect.arrayContaining([delivery.delivery_id, `${table} audit_${delivery.batch_id}_7`]),
  );
});

it("I4: a reader that did not look between a branch's commit and its publish has shown nothing", async () => {
  await world.eventually("main to be there", () => world.snapshot(table));
  await expect(readMain(world, table).stop()).rejects.toThrow(/none was between/);
});

/** Makes a branch at a snapshot; its id has 64 bits, so the body is text. */
async function branch(
  catalog: { uri: string; token: string },
  inWorld: string,
  name: string,
  snapshot: string,
): Promise<void> {
  const answer = await fetch(
    `${catalog.uri}/v1/${inWorld}/namespaces/sales/tables/transactions_v1`,
    {
      method: "POST",
      headers: { authorization: `Bearer ${catalog.token}`, "content-type": "application/json" },
      body: `{"requirements":[],"updates":[{"action":"set-snapshot-ref","ref-name":"${name}","type":"branch","snapshot-id":${snapshot}}]}`,
    },
  );
  expect(answer.status, await answer.text()).toBe(200);
}
