/** Airflow's REST API, as far as runs go. Tokens are asked for when needed and again when refused. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Config } from "./config.ts";

/** How long Airflow is asked again for what it could not do just now. */
const patienceMs = 30_000;

export const dagIds = { ingest: "file_watch_ingest", publish: "process_and_publish" } as const;
export type DagId = (typeof dagIds)[keyof typeof dagIds];

export type RunState = "queued" | "running" | "success" | "failed";
export interface Run {
  dagId: string;
  runId: string;
  state: RunState;
}

export class AirflowError extends Error {
  readonly status: number;
  constructor(what: string, status: number, body: string) {
    super(`Airflow answered ${status} to ${what}: ${body.slice(0, 300)}`);
    this.status = status;
  }
}

const run = z.object({
  dag_id: z.string(),
  dag_run_id: z.string(),
  state: z.enum(["queued", "running", "success", "failed"]),
});
const runs = z.object({ dag_runs: z.array(run), total_entries: z.number() });
const toRun = ({ dag_id, dag_run_id, state }: z.infer<typeof run>): Run => ({
  dagId: dag_id,
  runId: dag_run_id,
  state,
});

export type Airflow = ReturnType<typeof airflowClient>;

export function airflowClient(config: NonNullable<Config["airflow"]>) {
  let token: string | null = null;

  async function signIn(): Promise<string> {
    const answer = await fetch(`${config.uri}/auth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: config.username, password: config.password }),
      signal: AbortSignal.timeout(15_000),
    });
    if (!answer.ok) throw new AirflowError("the sign-in", answer.status, await answer.text());
    return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
  }

  async function call(method: string, path: string, body?: unknown): Promise<Response> {
    for (let tries = 0; ; tries++) {
      token ??= await signIn();
      const answer = await fetch(`${config.uri}/api/v2${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      });
      if (answer.status !== 401 || tries > 0) return answer;
      token = null;
    }
  }
  const runPath = (dag: string, id: string) => `/dags/${dag}/dagRuns/${encodeURIComponent(id)}`;
  async function refuse(what: string, answer: Response): Promise<never> {
    throw new AirflowError(what, answer.status, await answer.text());
  }
  /** Of a run and the task that it has. Done too when there is none. */
  async function end(dag: string, runId: string): Promise<void> {
    const ended = await whileBusy(() => call("PATCH", runPath(dag, runId), { state: "failed" }));
    if (!ended.ok && ended.status !== 404) return refuse(`the end of ${dag} ${runId}`, ended);
  }

  return {
    /** A token of this user. */
    signIn,

    /** False when there is such a run already: the same request, sent before. */
    async startRun(dag: DagId, runId: string, conf: Record<string, unknown>): Promise<boolean> {
      const answer = await call("POST", `/dags/${dag}/dagRuns`, {
        dag_run_id: runId,
        logical_date: null,
        conf,
      });
      if (answer.status === 409) return false;
      if (!answer.ok) return refuse(`the start of ${dag} ${runId}`, answer);
      return true;
    },

    async run(dag: DagId, runId: string): Promise<Run | null> {
      const answer = await call("GET", runPath(dag, runId));
      if (answer.status === 404) return null;
      if (!answer.ok) return refuse(`a look at ${dag} ${runId}`, answer);
      return toRun(run.parse(await answer.json()));
    },

    /** Ends a run that goes on, with the task that it has: what that occupies is free again. False when there is none. */
    async endRun(dag: DagId, runId: string): Promise<boolean> {
      const answer = await call("GET", runPath(dag, runId));
      if (answer.status === 404) return false;
      if (!answer.ok) return refuse(`a look at ${dag} ${runId}`, answer);
      const { state } = run.parse(await answer.json());
      if (state === "success" || state === "failed") return false;
      await end(dag, runId);
      return true;
    },

    /** All runs whose id starts like this; of all DAGs, and in one of these states. */
    async runsOf(prefix: string, states: readonly RunState[] = []): Promise<Run[]> {
      const found: Run[] = [];
      // A page has a hundred at most, whatever is asked for.
      for (let seen = 0; ;) {
        const query = new URLSearchParams({
          run_id_pattern: `${prefix.replaceAll("_", "\\_")}%`,
          ...{ limit: "100", offset: String(seen) },
        });
        for (const state of states) query.append("state", state);
        const answer = await whileBusy(() => call("GET", `/dags/~/dagRuns?${query}`));
        if (!answer.ok) return refuse("a list of runs", answer);
        const page = runs.parse(await answer.json());
        seen += page.dag_runs.length;
        found.push(...page.dag_runs.map(toRun).filter(({ runId }) => runId.startsWith(prefix)));
        if (page.dag_runs.length === 0 || seen >= page.total_entries) return found;
      }
    },

    /**
     * Done too when there is none. A run that goes on is ended first: nobody waits for it any more. The scheduler may say once more
     * that it goes on, with what it read before.
     */
    async deleteRun(dag: string, runId: string): Promise<void> {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        const answer = await whileBusy(() => call("DELETE", runPath(dag, runId)));
        if (answer.ok || answer.status === 404) return;
        if (answer.status !== 409 || performance.now() > deadline)
          return refuse(`the removal of ${runId}`, answer);
        await answer.arrayBuffer();
        await end(dag, runId);
      }
    },
  };
}

/**
 * Repeats a request that may be repeated for as long as it is answered with 5xx. Airflow's scheduler may lock
 * the rows of a run in another order than the API does: the database then ends one of the two, and the API answers 500.
 */
async function whileBusy(request: () => Promise<Response>): Promise<Response> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await request();
    if (answer.status < 500 || performance.now() > deadline) return answer;
    await answer.arrayBuffer();
    await pause(200);
  }
}
