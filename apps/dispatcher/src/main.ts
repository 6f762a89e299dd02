/** The dispatcher's process: what wakes it (store events, the ledger, time) and what it does then. */
import { airflowClient } from "@gridata/kit/clients/airflow";
import { beat } from "@gridata/kit/clients/beat";
import { need, readConfig } from "@gridata/kit/clients/config";
import { dropFolders, folderOfWorld } from "@gridata/kit/clients/drop-folders";
import { failpoints } from "@gridata/kit/clients/failpoint";
import { icebergCatalog } from "@gridata/kit/clients/iceberg";
import { consumeEvents } from "@gridata/kit/clients/kafka";
import { createLedger } from "@gridata/kit/clients/ledger";
import { createLogger, errorText } from "@gridata/kit/clients/log";
import { createPool, listen } from "@gridata/kit/clients/pg";
import { stagingStore } from "@gridata/kit/clients/staging";
import { deadRuns } from "./dead-runs.ts";
import { derivedTables } from "./derived.ts";
import { drive } from "./drive.ts";
import { createReconciler } from "./reconciler.ts";
import { register } from "./register.ts";
import { followReleases } from "./releases.ts";
import { settle } from "./settle.ts";

const config = need(readConfig(), "s3", "ledger", "kafka", "airflow", "catalog", "drop");
const log = createLogger("dispatcher");
beat();
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());

const pool = createPool(config.ledger, "dispatcher");
const ledger = createLedger(pool);
await ledger.openWorld("default");
const store = stagingStore(config.s3);
const points = failpoints("dispatcher");
const announced = new Map<string, Date>();
const started = new Set<string>();

const followDatasets = dropFolders(folderOfWorld(config, "default"));
const makeFolders = () =>
  followDatasets(releases.current()?.datasets ?? []).catch((error: unknown) =>
    log.warn("no folders to drop files into were made", { why: errorText(error) }),
  );
let onActivated = () => {};
const releases = await followReleases({
  checkout: config.checkout,
  stateDir: config.state_dir,
  schema: process.env["GRIDATA_ODCS_SCHEMA"] ?? "",
  ledger,
  log,
  onActivated: () => onActivated(),
});
await makeFolders();
const driveParts = {
  ledger,
  airflow: airflowClient(config.airflow),
  failpoints: points,
  log,
  release: releases.current,
  brokenContract: releases.broken,
  started,
};
const derived = derivedTables({
  ...{ ledger, failpoints: points, log, release: releases.current },
  main: async (world, table) =>
    (await icebergCatalog(config.catalog, world).refs(table))?.["main"]?.snapshotId ?? null,
});
const endDeadRuns = deadRuns(driveParts);
const registerParts = {
  store,
  ledger,
  log,
  announcedAt(key: string) {
    const at = announced.get(key);
    announced.delete(key);
    return at;
  },
};
const settleParts = {
  store,
  ledger,
  failpoints: points,
  told: new Map<string, number>(),
  folderOf: (world: string) => folderOfWorld(config, world),
};
const reconciler = createReconciler({
  log,
  async work(world, listStore) {
    if (listStore) await points.around("list", world, () => register(registerParts, world));
    // A run that can't be started must not keep a verdict from being told.
    const [next] = await Promise.allSettled([
      drive(driveParts, world),
      derived
        .claimDerived(world)
        .catch((error: unknown) =>
          log.warn("derived tables wait", { world, why: errorText(error) }),
        ),
      settle(settleParts, world),
      listStore ? endDeadRuns(world) : null,
    ]);
    if (next.status === "rejected") throw next.reason;
    return next.value;
  },
});
onActivated = () => {
  void makeFolders();
  reconciler.wakeAll(false);
};

let reading: Promise<void> = Promise.resolve();
const readWorlds = () => {
  reading = reading
    .then(async () => {
      const open = (await ledger.worlds()).filter(({ state }) => state === "open");
      reconciler.setWorlds(open.map(({ world }) => world));
    })
    .catch((error: unknown) => log.warn("the ledger did not answer", { why: errorText(error) }));
};
const listening = listen(config.ledger, "dispatcher", {
  channel: "gridata",
  onMessage(payload) {
    const { world, what } = JSON.parse(payload) as { world: string; what: string };
    if (what === "world") readWorlds();
    else if (what !== "release") reconciler.wake(world, false);
  },
  onConnected() {
    readWorlds();
    reconciler.wakeAll(false);
  },
  onLost: (error) => log.warn("connection to the ledger lost", { why: errorText(error) }),
  signal: stop.signal,
});
const consuming = consumeEvents(config.kafka, {
  onEvent({ bucket, key, at }) {
    if (bucket !== "staging") return;
    announced.set(key, at);
    if (announced.size > 10_000) announced.delete(announced.keys().next().value!);
    const world = key.split("/")[0]!;
    points.at("event", "before", world);
    reconciler.wake(world, true);
    points.at("event", "after", world);
  },
  onConnected() {
    log.info("hearing the store's events");
    reconciler.wakeAll(true);
  },
  onLost: (why) => log.warn("the store's events are not heard; listing instead", { why }),
  signal: stop.signal,
});
log.info("reconciling");
await Promise.all([listening, consuming]);
await reading;
await releases.close();
await reconciler.close();
await pool.end();
log.info("stopped");
