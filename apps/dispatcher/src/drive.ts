/** Moves a world's work on from what the ledger says: parks, claims, starts attempts and runs, hands the slot over. */
import { dagIds, type Airflow, type DagId } from "@gridata/kit/clients/airflow";
import type { Failpoints } from "@gridata/kit/clients/failpoint";
import type { Ledger, OpenBatch, Release } from "@gridata/kit/clients/ledger";
import { errorText, type Logger } from "@gridata/kit/clients/log";
import { newBatchId, runId } from "@gridata/kit/model";

/**
 * Until the run's first step renews the lease itself: a busy scheduler may take its time. More with each attempt, so that a slow
 * machine gets there. A step that runs renews every few seconds, and is taken for dead much sooner.
 */
const handoverSeconds = (attempt: number) => 60 * Math.min(attempt, 5);
/** What a step that runs takes for its lease (LEASE_SECONDS of the pipeline): a longer one is still that of the handover. */
const stepLeaseSeconds = 15;
/** What one batch may hold: more makes the next one larger. */
const maxFiles = 200;
const maxBytes = 2 ** 30;

export interface DriveParts {
  ledger: Ledger;
  airflow: Airflow;
  failpoints: Failpoints;
  log: Logger;
  release(): Release | null;
  /** Why a dataset of the checkout is not in the release: its contract is broken. */
  brokenContract(domain: string, dataset: string): string | null;
  /** Runs that this process knows to have been started. */
  started: Set<string>;
}

/** Returns the seconds after which the world is to be looked at again; null: when something happens. */
export async function drive(parts: DriveParts, world: string): Promise<number | null> {
  await claimStaged(parts, world);
  const open = await parts.ledger.openBatches(world);
  let next: number | null = null;
  const within = (seconds: number) => {
    next = Math.min(next ?? Infinity, Math.max(0.05, seconds));
  };
  for (const batch of open) await driveBatch(parts, world, batch, within);
  const waiting = new Set(
    open.filter((b) => b.phase === "publish" && b.lease_s === null).map((b) => b.table_name),
  );
  for (const table of waiting) {
    const granted = await parts.ledger.grantSlot(world, table, handoverSeconds(2));
    if (granted) await startRun(parts, world, dagIds.publish, granted.batch_id, granted.attempt);
  }
  if (open.length > 0) within(2);
  return next;
}

async function claimStaged(parts: DriveParts, world: string): Promise<void> {
  const { ledger, failpoints, log } = parts;
  const release = parts.release();
  if (!release) return;
  for (const { domain, dataset } of await ledger.stagedDatasets(world)) {
    const known = release.datasets.find((d) => d.domain === domain && d.dataset === dataset);
    const derived = known && known.derives.length > 0;
    if (!known || derived) {
      const broken = parts.brokenContract(domain, dataset);
      const reason = derived
        ? {
            code: "DERIVED_TABLE",
            reason: `${known.table} is computed from ${known.derives.join(", ")}; it takes no files`,
          }
        : broken
          ? { code: "CONTRACT_BROKEN", reason: broken }
          : {
              code: "NO_CONTRACT",
              reason: `no contract takes files of ${domain}.${dataset}; it waits for contracts/${domain}/${dataset}.odcs.yaml`,
            };
      for (const { delivery_id } of await ledger.stagedDeliveries(world, domain, dataset))
        await ledger.parkStaged(delivery_id, known?.fingerprint ?? null, reason);
      continue;
    }
    const batch = newBatchId();
    const claimed = await failpoints.around("claim", world, () =>
      ledger.claim(world, known, release.release_id, batch, maxFiles, maxBytes),
    );
    if (claimed) log.info("claimed", { world, batch, table: known.table });
  }
}

async function driveBatch(
  parts: DriveParts,
  world: string,
  batch: OpenBatch,
  within: (seconds: number) => void,
): Promise<void> {
  const { ledger } = parts;
  const waitsForSlot = batch.phase === "publish" && batch.lease_s === null;
  if (waitsForSlot) return;
  if (batch.lease_s !== null && batch.lease_s > 0) {
    within(batch.lease_s + 0.1);
    await watchRun(parts, world, batch);
    return;
  }
  if (batch.backoff_s > 0) {
    within(batch.backoff_s + 0.02);
    return;
  }
  if (batch.kind === "derived") {
    // Its run is that of the slot: started when the ledger says who has it.
    const fresh = await ledger.startDerivedAttempt(
      batch.batch_id,
      handoverSeconds(batch.attempt + 1),
    );
    if (fresh !== null) await endRuns(parts, world, batch);
    within(0);
    return;
  }
  const attempt = await ledger.startAttempt(batch.batch_id, handoverSeconds(batch.attempt + 1));
  if (attempt === null) return;
  await startRun(parts, world, dagIds.ingest, batch.batch_id, attempt);
  await endRuns(parts, world, batch);
}

/** Of the attempt that another one has followed: a step that stands still would keep one of Airflow's few slots. */
async function endRuns({ airflow, log }: DriveParts, world: string, batch: OpenBatch) {
  if (batch.attempt === 0) return;
  const id = runId(world, batch.batch_id, batch.attempt);
  for (const dag of Object.values(dagIds))
    try {
      if (await airflow.endRun(dag, id))
        log.info("ended the run of an earlier attempt", { world, run: id });
    } catch (error) {
      // It ends by itself once its step finds out; nobody waits for it.
      log.warn("an earlier run was not ended", { world, run: id, why: errorText(error) });
    }
}

const dagOf = (batch: OpenBatch): DagId =>
  batch.phase === "publish" ? dagIds.publish : dagIds.ingest;

/**
 * The attempt's lease runs. Its run may never have been started (whoever made the attempt died), or may have ended without a word
 * in the ledger (the step was killed): then the next attempt need not wait for the lease.
 */
async function watchRun(parts: DriveParts, world: string, batch: OpenBatch): Promise<void> {
  const { airflow, ledger, log, started } = parts;
  const dag = dagOf(batch);
  const id = runId(world, batch.batch_id, batch.attempt);
  if (!started.has(`${dag} ${id}`)) {
    await startRun(parts, world, dag, batch.batch_id, batch.attempt);
    return;
  }
  const run = await airflow.run(dag, id);
  if (run?.state !== "failed") return;
  const about = { world, batch: batch.batch_id, attempt: batch.attempt };
  log.warn("the run failed and the ledger has no word of it", { ...about, dag });
  // Of a run without a step the scheduler is the cause, or a DAG that can't be read just now: no file is to blame for that.
  const begun = batch.lease_s !== null && batch.lease_s <= stepLeaseSeconds;
  await ledger.failAttempt(batch.batch_id, batch.attempt, begun ? "unknown" : "infrastructure", {
    code: "RUN_FAILED",
    reason: `${dag} ${id} failed: ${begun ? "a step died" : "its next step never began"}`,
  });
}

async function startRun(
  { airflow, failpoints, ledger, log, started }: DriveParts,
  world: string,
  dag: DagId,
  batch: string,
  attempt: number,
): Promise<void> {
  const id = runId(world, batch, attempt);
  const from = new Date();
  const fresh = await failpoints.around("run", world, () =>
    airflow.startRun(dag, id, { world, batch, attempt }),
  );
  started.add(`${dag} ${id}`);
  if (!fresh) return;
  log.info("started", { world, batch, attempt, dag });
  if (dag === dagIds.ingest)
    await ledger.recordHop({
      world,
      batch,
      attempt,
      name: "dispatched",
      startedAt: from,
      endedAt: new Date(),
      ref: id,
    });
}
