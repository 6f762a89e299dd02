/** The gateway's process. Worlds come from the ledger; while it is away, the known ones are served on. */
import { join } from "node:path";
import { beat } from "@gridata/kit/clients/beat";
import { need, readConfig } from "@gridata/kit/clients/config";
import { failpoints } from "@gridata/kit/clients/failpoint";
import { createLedger } from "@gridata/kit/clients/ledger";
import { createLogger, errorText } from "@gridata/kit/clients/log";
import { createPool, listen } from "@gridata/kit/clients/pg";
import { stagingStore } from "@gridata/kit/clients/staging";
import { arrivalClock } from "./clock.ts";
import { createGateway } from "./gateway.ts";
import { writerProbe } from "./writer.ts";

const config = need(readConfig(), "s3", "ledger", "drop");
const log = createLogger("gateway");
beat();
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());

const { probe, leases } = writerProbe(config.drop.intake_dir);
if (!leases)
  log.warn(
    "this file system can't tell who writes a file: files are taken 5 s after their last change",
  );
const gateway = createGateway({
  config,
  store: stagingStore(config.s3),
  clock: arrivalClock(join(config.drop.intake_dir, ".clock")),
  probe,
  failpoints: failpoints("gateway"),
  log,
  keepFree: Number(process.env["GRIDATA_KEEP_FREE_BYTES"]) || null,
});
await gateway.resume();

const pool = createPool(config.ledger, "gateway", 2);
const ledger = createLedger(pool);
let reading: Promise<void> = Promise.resolve();
const readWorlds = () => {
  reading = reading
    .then(async () => {
      const open = (await ledger.worlds()).filter(({ state }) => state === "open");
      await gateway.setWorlds(["default", ...open.map(({ world }) => world)]);
    })
    .catch((error: unknown) => log.warn("the ledger did not answer", { why: errorText(error) }));
};
await listen(config.ledger, "gateway", {
  channel: "gridata",
  onMessage: (payload) => {
    if ((JSON.parse(payload) as { what?: string }).what === "world") readWorlds();
  },
  onConnected: readWorlds,
  onLost: (error) => log.warn("connection to the ledger lost", { why: errorText(error) }),
  signal: stop.signal,
});
await reading;
await gateway.close();
await pool.end();
log.info("stopped");
