/** What the sweep takes from a real world, and what must be as it was afterwards. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { airflowClient, dagIds } from "@gridata/kit/clients/airflow";
import { createPool } from "@gridata/kit/clients/pg";
import { objectStore } from "@gridata/kit/clients/s3";
import { readStackConfig, stateFolder } from "@gridata/kit/clients/stack";
import { runStep } from "@gridata/kit/clients/steps";
import { canonical, customerColumns, customers, openWorld, type World } from "@gridata/testkit";
import { client, stackName } from "../clients.ts";
import { checkout } from "../command-line.ts";

vi.setConfig({ testTimeout: 400_000 });
const table = "sales.customers_v1";
const config = join(stateFolder(checkout, stackName), "config/maintenance.json");
let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await world?.close();
});

async function publish(day: number): Promise<void> {
  const file = customers({ seed: day, records: 40, customers: 12, deleted: 20, day });
  await world.drop("sales.customers", `${day}.jsonl`, file.bytes);
  expect((await world.verdict(`${day}.jsonl`)).state).toBe("published");
}
const rows = async () => canonical(await world.rows(table), customerColumns);
const left = async () => (await world.verify()).filter(({ state }) => state === "failed");

it("old snapshots, typed files and tombstones go; rows, verdicts and receipts stay; and the table goes on", async () => {
  for (const day of [1, 2, 3]) await publish(day);
  // What a derived table was computed from last is kept: here the newest.
  await world.upToDate("sales.daily_revenue_v1");
  const before = await rows();
  const store = objectStore(readStackConfig(checkout, stackName, "reader").s3!);
  const count = async (bucket: string, below: string, versions = false) =>
    (await store.list(bucket, `${world.name}/${below}`, versions)).length;
  const files = await count("curated", "warehouse/");
  expect(await count("staging", "parquet/", true)).toBeGreaterThan(0);
  expect(await world.ancestry(table)).toHaveLength(4);

  const sweep = () =>
    client(world, "sweep_now.py", "python-pipeline", ...[checkout, config, world.name]);
  expect((await sweep()).at(-1)).toMatchObject({ msg: "swept" });
  // Tombstones that only expired snapshots named go with the next one.
  await sweep();
  expect(await world.ancestry(table)).toHaveLength(1);
  expect(await rows()).toEqual(before);
  expect(await count("curated", "warehouse/")).toBeLessThan(files);
  expect(await count("staging", "parquet/", true)).toBe(0);
  // Those that main's snapshot names.
  const folders = (await store.list("curated", `${world.name}/_tombstones/`)).map(({ key }) =>
    key.split("/").slice(0, 5).join("/"),
  );
  expect(new Set(folders).size).toBe(1);
  expect(await count("curated", "_expired/")).toBe(0);
  const receipts = await store.list("curated", `${world.name}/_batches/`);
  const settled = (
    await Promise.all(
      receipts.map(
        async ({ key }) =>
          JSON.parse(await store.getText("curated", key)) as { table: string; settled?: string },
      ),
    )
  ).flatMap((receipt) => (receipt.table === table ? [receipt.settled ?? "in main"] : []));
  expect(settled.toSorted()).toEqual(["in main", "published", "published"]);
  expect(await left()).toEqual([]);

  await publish(4);
  expect(await left()).toEqual([]);
});

it("Airflow's runs of a week ago go with all that hangs on them, and those of today stay", async () => {
  const admin = readStackConfig(checkout, stackName, "admin");
  const { airflow_database } = readStackConfig(checkout, stackName, "maintenance");
  const airflow = airflowClient(admin.airflow!);
  const runs = async () =>
    (await airflow.runsOf(`${world.name}.`)).filter((r) => r.dagId === dagIds.ingest);
  const [old, ...young] = await runs();
  expect(young.length).toBeGreaterThan(0);
  const database = createPool(airflow_database!, "test", 1);
  try {
    await database.query(
      "update dag_run set end_date = now() - interval '8 days' where run_id = $1 and dag_id = $2",
      [old!.runId, old!.dagId],
    );
    await runStep(admin.steps!.socket, { step: "sweep" });
    expect((await runs()).map(({ runId }) => runId).toSorted()).toEqual(
      young.map(({ runId }) => runId).toSorted(),
    );
    const { rows: tasks } = await database.query(
      "select 1 from task_instance where run_id = $1 and dag_id = $2",
      [old!.runId, old!.dagId],
    );
    expect(tasks).toEqual([]);
  } finally {
    await database.end();
  }
});
