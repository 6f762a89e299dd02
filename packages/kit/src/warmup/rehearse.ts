/**
 * A whole audited append by the pipeline's own steps, before Airflow is there to start them: it loads what the first append of a
 * Spark server loads, in the store and the catalog too. `GRIDATA_CONFIG` is the admin's.
 */
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { need, readConfig } from "../clients/config.ts";
import { uuidv7 } from "../clients/ids.ts";
import { createLedger } from "../clients/ledger.ts";
import { createPool } from "../clients/pg.ts";
import { stagingStore } from "../clients/staging.ts";
import { runStep } from "../clients/steps.ts";
import { keys, newBatchId } from "../model/index.ts";
import { newWorld, rehearsalFile, rehearsed } from "./input.ts";

/** Longer than any step may be silent: nobody makes another attempt. */
const leaseSeconds = 600;

const config = need(readConfig(), "s3", "ledger", "steps");
const pool: pg.Pool = createPool(config.ledger, "warmup", 1);
const { domain, dataset } = rehearsed;

/** The dispatcher's first release has the kit's own contracts in it. */
async function release() {
  for (const ledger = createLedger(pool); ; await sleep(100)) {
    const current = await ledger.currentRelease();
    const found = current?.datasets.find((d) => d.domain === domain && d.dataset === dataset);
    if (current && found) return { id: current.release_id, table: found.table };
  }
}

const world = newWorld("steps");
const delivery = uuidv7();
const key = keys.drop(world, domain, dataset, delivery, "warmup.csv");
const content = rehearsalFile();
const path = join(config.state_dir, "run", `${world}.csv`);
const store = stagingStore(config.s3);
writeFileSync(path, content);
try {
  await store.put({
    ...{ key, path, size: content.length, name: "warmup.csv", arrivalMs: Date.now(), again: false },
    sha256: createHash("sha256").update(content).digest("hex"),
  });
} finally {
  rmSync(path, { force: true });
}
const staged = await store.stat(key);
if (!staged) throw new Error(`the store took ${key} and has it not`);

const { id, table } = await release();
const batch = newBatchId();
const { rows } = await pool.query<{ attempt: number }>(
  "select ledger.open_rehearsal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as attempt",
  [
    ...[world, id, domain, dataset, table, batch, delivery, key, staged.versionId],
    ...["warmup.csv", content.length, staged.arrivalMs, leaseSeconds],
  ],
);
const { attempt } = rows[0]!;
for (const step of ["validate", "process", "check", "publish"] as const)
  await runStep(config.steps.socket, { step, world, batch, attempt });
const [closed] = (
  await pool.query<{ state: string; reason: unknown }>(
    "select state, reason from ledger.delivery where delivery_id = $1",
    [delivery],
  )
).rows;
await pool.end();
if (closed?.state !== "published")
  throw new Error(`the file is ${closed?.state}: ${JSON.stringify(closed?.reason)}`);
