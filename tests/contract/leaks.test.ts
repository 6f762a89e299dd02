/** The look for what tests leave behind: one thing is planted in each layer of a running stack, named, and gone afterwards. */
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { airflowClient, dagIds } from "@gridata/kit/clients/airflow";
import { connectLedger } from "@gridata/kit/clients/ledger-session";
import { withTopics } from "@gridata/kit/clients/kafka";
import { s3Client } from "@gridata/kit/clients/s3";
import { dropFolder, readStackConfig, stateFolder } from "@gridata/kit/clients/stack";
import { leaked, type Leak } from "@gridata/kit/leaks/look";
import { footprint, kafkaAdmin } from "@gridata/kit/leaks/read";
import { newBatchId } from "@gridata/kit/model";
import { removeWorld } from "@gridata/kit/worlds/remove";
import { openWorld, transactions, type World } from "@gridata/testkit";
import { client, stackName } from "../clients.ts";
import { checkout } from "../command-line.ts";

const name = `leak${randomBytes(4).toString("hex")}`;
const run = `${name}.${newBatchId()}.1`;
const failpoint = join(stateFolder(checkout, stackName), "run/failpoints", `gateway.take@${name}`);
/** More than what other tests use at the same time. */
const sessions = 25;
const admin = readStackConfig(checkout, stackName, "admin");
// Two programs in Python, and several looks into every layer.
vi.setConfig({ testTimeout: 240_000 });

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await world?.close();
});

const ours = (leaks: Leak[]) => leaks.filter((leak) => leak.name.includes(name));
const sparkSessions = (act: string) =>
  client(world, "spark_sessions.py", "python-pipeline", act, name, String(sessions));

it("names what was planted in each layer, and nothing of it once it is removed", async () => {
  const before = await footprint(checkout, stackName);
  await using ledger = await connectLedger({ checkout, stack: stackName, identity: "admin" });

  await s3Client(admin.s3!).putObject("staging", `${name}/x`, Buffer.from("x"), 1);
  // Only its delete marker shows that there is something.
  await s3Client(admin.s3!).removeObject("staging", `${name}/x`);
  await withTopics(kafkaAdmin(checkout, stackName), (topics) =>
    topics.createTopics({ topics: [{ topic: name }] }),
  );
  await fetch(`${admin.catalog!.uri}/v1/${name}/namespaces`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${admin.catalog!.token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ namespace: ["sales"] }),
  });
  await ledger.query("select ledger.open_world($1)", [name]);
  await airflowClient(admin.airflow!).startRun(dagIds.ingest, run, {
    ...{ world: name, batch: run.split(".")[1], attempt: 1 },
  });
  await mkdir(dropFolder(checkout, stackName, name), { recursive: true });
  await mkdir(join(failpoint, ".."), { recursive: true });
  await writeFile(failpoint, "");
  await sparkSessions("leave");

  const planted = await footprint(checkout, stackName);
  const found = leaked(before, planted);
  expect(ours(found)).toEqual(
    expect.arrayContaining([
      { kind: "object", name: `staging/${name}` },
      { kind: "topic", name },
      { kind: "catalog", name: `${name} sales` },
      { kind: "row", name: `ledger.world of world ${name}` },
      { kind: "run", name: `${dagIds.ingest} ${run}` },
      { kind: "folder", name: dropFolder(checkout, stackName, name) },
      { kind: "folder", name: failpoint },
    ]),
  );
  expect(planted.sessions).toBeGreaterThanOrEqual(sessions);

  await removeWorld({ world: name, config: admin, ledger });
  await withTopics(kafkaAdmin(checkout, stackName), (topics) =>
    topics.deleteTopics({ topics: [name] }),
  );
  await sparkSessions("end");
  let last: Leak[] = [];
  let held = 0;
  await world.eventually(
    "nothing of it to be left",
    async () => {
      const now = await footprint(checkout, stackName);
      last = ours(leaked(before, now));
      held = now.sessions;
      return last.length === 0 && held < sessions;
    },
    { seen: () => [last, held], every: 1000 },
  );
});

it("a world that is removed while a step works for it takes the step along, and all that it made", async () => {
  const before = await footprint(checkout, stackName);
  const busy = await openWorld();
  const commit = await busy.arm("process.commit:before:pause");
  await busy.drop("sales.transactions", "a.csv", transactions({ seed: 61, records: 20 }).bytes);
  const pid = await commit.hit();
  expect(busy.processGone(pid)).toBe(false);
  await busy.close();
  expect(busy.processGone(pid)).toBe(true);
  const of = (leaks: Leak[]) => leaks.filter((leak) => leak.name.includes(busy.name));
  expect(of(leaked(before, await footprint(checkout, stackName)))).toEqual([]);
});
