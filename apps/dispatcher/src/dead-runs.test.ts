import { createLogger } from "@gridata/kit/clients/log";
import { expect, it } from "vitest";
import { deadRuns } from "./dead-runs.ts";

const run = (batch: string, attempt: number) => `w.b${batch.padEnd(13, "0")}.${attempt}`;
const batch = (id: string, attempt: number) => ({ batch_id: `b${id.padEnd(13, "0")}`, attempt });

function parts(live: string[], open: { batch_id: string; attempt: number }[]) {
  const ended: string[] = [];
  const clock = { ms: 0 };
  const runsOf = async (_: string, states?: readonly string[]) => {
    expect(states).toEqual(["queued", "running"]);
    return live.map((runId) => ({ dagId: "file_watch_ingest", runId, state: "running" as const }));
  };
  const endRun = async (_: string, runId: string) => {
    ended.push(runId);
    live.splice(live.indexOf(runId), 1);
    return true;
  };
  const look = deadRuns({
    airflow: { runsOf, endRun },
    ledger: { openBatches: async () => open },
    log: createLogger("test", () => {}),
    now: () => clock.ms,
  });
  return { ended, clock, look };
}

it("ends runs of batches and attempts that the ledger does not wait for, and no other", async () => {
  const live = [run("open", 2), run("open", 1), run("forgotten", 1)];
  const { ended, clock, look } = parts(live, [batch("open", 2)]);
  await look("w");
  expect(ended).toEqual([]);
  clock.ms = 10_000;
  await look("w");
  expect(ended).toEqual([run("open", 1), run("forgotten", 1)]);
});

it("gives a run whose batch was just closed the time to end by itself", async () => {
  const live = [run("closed", 1)];
  const { ended, clock, look } = parts(live, []);
  await look("w");
  live.pop();
  clock.ms = 10_000;
  await look("w");
  expect(ended).toEqual([]);
});
