/** F07, F28: somebody saves while a batch is in flight: a contract, a job, step code, a DAG; a DAG by halves. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { killService, serviceBack } from "@gridata/testkit";
import { testDatasets } from "../e2e/dataset.ts";
import { scene } from "./scene.ts";

const stage = scene();

/** Files of the checkout, as they were, whatever a test made of them. */
function saved(...paths: string[]): Disposable & { append(text: string): void } {
  const files = paths.map((path) => join(stage.world.checkout, path));
  const before = files.map((file) => readFileSync(file));
  return {
    append: (text) => {
      files.forEach((file, i) => writeFileSync(file, before[i] + text));
    },
    [Symbol.dispose]: () => files.forEach((file, i) => writeFileSync(file, before[i]!)),
  };
}

it.each([
  "validate.raw:after",
  "process.commit:before",
  "process.commit:after",
  "publish.commit:before",
  "publish.commit:after",
])("F28: contract, job, step code and DAG are saved while a batch stands at %s", async (point) => {
  const { world } = stage;
  await using own = testDatasets(world.checkout);
  using code = saved("pipeline/src/gridata/steps/publish.py");
  using dag = saved("dags/process_and_publish.py");
  const [dataset, table] = [`${own.domain}.orders`, `${own.domain}.orders_v1`];
  const save = async (version: number) => {
    await own.job(
      "orders",
      `from pyspark.sql import functions as F\n\n\ndef transform(df, ctx):\n    return df.withColumn("note", F.lit("job ${version}"))\n`,
    );
    const columns = ["id string key", "note string"];
    await own.contract("orders", {
      columns: version === 1 ? columns : [...columns, "added string"],
      kit: { format: "csv" },
    });
  };
  /** Whether the step that publishes a batch ran as it was saved. */
  const saysSo = (batch: string) =>
    readFileSync(join(stateFolder(world.checkout, world.stack), "logs/steps.log"), "utf8")
      .split("\n")
      .some((line) => line.includes(batch) && line.includes(`saved at ${point}`));
  const rows = async () =>
    (await world.rows(table)).map((row) => [row["id"], row["note"], "added" in row]).toSorted();

  await save(1);
  const name = (n: number) => `F28 ${point.replace(/\W/g, " ")} ${n}.csv`;
  await world.drop(dataset, name(1), "id,note\nA,x\n");
  await world.eventually("the first file to be published", async () => {
    const [delivery] = await world.deliveries(name(1));
    return delivery?.state === "published";
  });

  const fault = await world.arm(`${point}:pause`);
  await world.drop(dataset, name(2), "id,note\nB,x\n");
  const pid = await fault.hit();
  await save(2);
  code.append(
    `\n\n_as_it_was = run\n\n\ndef run(step: Step) -> None:\n    step.log.info("saved at ${point}")\n    _as_it_was(step)\n`,
  );
  dag.append(`# saved at ${point}\n`);
  await world.eventually("all of the save to be in effect", async () => {
    const release = join(
      stateFolder(world.checkout, world.stack),
      "releases",
      await world.release(),
    );
    const holds = (path: string, text: string) =>
      readFileSync(join(release, path), "utf8").includes(text);
    return (
      holds("contracts.json", '"added"') &&
      holds(`spark-jobs/${own.domain}_orders/job.py`, "job 2") &&
      holds("pipeline/gridata/steps/publish.py", point)
    );
  });
  process.kill(pid, "SIGCONT");
  const delivery = await world.verdict(name(2), { deadline: 200 });
  expect(delivery.state).toBe("published");
  expect(await rows()).toEqual([
    ["A", "job 1", false],
    ["B", "job 1", false],
  ]);
  expect(saysSo(delivery.batch_id!)).toBe(false);

  await world.drop(dataset, name(3), "id,note,added\nC,x,y\n");
  const after = await world.verdict(name(3), { deadline: 200 });
  expect(after.state).toBe("published");
  expect(await rows()).toEqual([
    ["A", "job 1", true],
    ["B", "job 1", true],
    ["C", "job 2", true],
  ]);
  expect(saysSo(after.batch_id!)).toBe(true);
  await stage.drop(`F28 ${point.replace(/\W/g, " ")} other.csv`, 20);
  await stage.holds();
});

it("F07: a DAG is half-written while its processor is killed and a batch is in flight", async () => {
  const { world } = stage;
  using dag = saved("dags/process_and_publish.py");
  const path = join(world.checkout, "dags/process_and_publish.py");
  const fault = await world.arm("validate.raw:after:pause");
  await stage.drop("F07.csv", 40);
  const pid = await fault.hit();
  const whole = readFileSync(path, "utf8");
  writeFileSync(path, whole.slice(0, whole.indexOf("check = ") + 12));
  const killed = await killService("airflow-dag-processor");
  process.kill(pid, "SIGCONT");
  await serviceBack("airflow-dag-processor", killed);
  // Airflow forgets a DAG that can't be read: nothing starts, nobody is blamed.
  await world.eventually(
    "another attempt to have been made in vain",
    async () => {
      const [delivery] = await world.deliveries("F07.csv");
      return delivery?.batch_id && (await world.attempts(delivery.batch_id)).length > 1;
    },
    { deadline: 200 },
  );
  dag[Symbol.dispose]();
  await stage.holds({ deadline: 200 });
});
