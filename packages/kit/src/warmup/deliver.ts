/** One file on the whole road, from the drop folder through Airflow to a published table. `GRIDATA_CONFIG` is the admin's. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { need, readConfig } from "../clients/config.ts";
import { deliveriesByName, hopsOf } from "../clients/passports.ts";
import { createPool } from "../clients/pg.ts";
import { newWorld, rehearsalFile, rehearsed } from "./input.ts";

const config = need(readConfig(), "ledger", "drop");
const pool = createPool(config.ledger, "warmup", 1);
const ledger = {
  query: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
    pool.query<Row>(sql, [...parameters]),
};

const world = newWorld("road");
const folder = join(config.drop.worlds_dir, world, rehearsed.domain, rehearsed.dataset);
mkdirSync(folder, { recursive: true });
await ledger.query("select ledger.open_world($1)", [world]);
writeFileSync(join(folder, "warmup.csv.part"), rehearsalFile());
renameSync(join(folder, "warmup.csv.part"), join(folder, "warmup.csv"));

let last = "";
for (;;) {
  const [delivery] = await deliveriesByName(ledger, world, "warmup.csv");
  if (delivery?.state === "published") break;
  if (delivery && ["rejected", "parked", "duplicate"].includes(delivery.state))
    throw new Error(`the file is ${delivery.state}: ${JSON.stringify(delivery.reason)}`);
  // If the deadline ends this program its log tells how far the file came, and what is in its way.
  const waits = delivery
    ? (await hopsOf(ledger, delivery)).find(({ state }) => state !== "done")
    : null;
  const now = delivery
    ? `${delivery.state}: ${waits?.name ?? "published"} is missing${waits?.why ? `, ${waits.why}` : ""}`
    : "not taken yet";
  if (now !== last) console.log(`the file is ${now}`);
  last = now;
  await sleep(50);
}
await pool.end();
