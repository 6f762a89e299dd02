/**
 * Runs that go on in Airflow and that nobody waits for: a ledger that was made anew knows no attempt of theirs. They are looked for once in
 * each world, when the dispatcher starts: of an attempt that another one follows the run is ended then and there.
 */
import type { Airflow, DagId } from "@gridata/kit/clients/airflow";
import { errorText, type Logger } from "@gridata/kit/clients/log";
import { parseRunId } from "@gridata/kit/model";

/** A run may end a moment after its batch: only what goes on for longer is dead. */
const graceMs = 10_000;

interface Parts {
  airflow: Pick<Airflow, "runsOf" | "endRun">;
  ledger: { openBatches(world: string): Promise<{ batch_id: string; attempt: number }[]> };
  log: Logger;
  now?: () => number;
}

export function deadRuns({ airflow, ledger, log, now = () => performance.now() }: Parts) {
  const done = new Set<string>();
  const suspected = new Map<string, number>();

  return async function endDeadRuns(world: string): Promise<void> {
    if (done.has(world)) return;
    try {
      const live = await airflow.runsOf(`${world}.`, ["queued", "running"]);
      // After the runs: an attempt is in the ledger before its run is in Airflow.
      const open = new Map(
        (await ledger.openBatches(world)).map((b) => [b.batch_id, b.attempt] as const),
      );
      const dead = live.filter(({ runId }) => {
        const id = parseRunId(runId);
        return id && open.get(id.batch) !== id.attempt;
      });
      let waiting = 0;
      for (const { dagId, runId } of dead) {
        const since = suspected.get(runId) ?? now();
        suspected.set(runId, since);
        if (now() - since < graceMs) waiting++;
        else if (await airflow.endRun(dagId as DagId, runId))
          log.info("ended a run that nobody waits for", { world, run: runId });
      }
      if (waiting === 0) done.add(world);
    } catch (error) {
      // Airflow may come later than this.
      log.debug("runs were not looked at", { world, why: errorText(error) });
    }
  };
}
