/** `airflow standalone`: the same Airflow, by its own means, in a folder of its own that is gone afterwards. */
import { spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { killGroup } from "../../toolchain/process.ts";
import { freePort } from "../../toolchain/ports.ts";
import { Exit, KitError } from "../../model/errors.ts";
import { tailOf } from "../../runtimes/host/process.ts";

const deadlineSeconds = 300;

interface Health {
  scheduler?: { status: string | null };
  dag_processor?: { status: string | null };
}

/** Seconds until tasks can run: the execution API answers, scheduler and DAG processor have a heartbeat. */
export async function standaloneSeconds(
  python: string,
  home: string,
  dags: string,
  signal: AbortSignal,
): Promise<number> {
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const logPath = join(home, "standalone.log");
  const log = openSync(logPath, "a");
  const begun = performance.now();
  const child = spawn(python, ["-m", "airflow", "standalone"], {
    detached: true,
    stdio: ["ignore", log, log],
    cwd: home,
    env: {
      // It starts its parts by the name of their program.
      PATH: `${dirname(python)}:${process.env["PATH"]}`,
      ...{ HOME: home, AIRFLOW_HOME: home, TZ: "UTC", LANG: "C.UTF-8" },
      ...{ NO_PROXY: "127.0.0.1,localhost", no_proxy: "127.0.0.1,localhost" },
      AIRFLOW__CORE__LOAD_EXAMPLES: "False",
      AIRFLOW__CORE__DAGS_FOLDER: dags,
      AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${port}/execution/`,
      AIRFLOW__API__HOST: "127.0.0.1",
      AIRFLOW__API__PORT: String(port),
      AIRFLOW__API__WORKERS: "1",
      AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: "False",
    },
  });
  let ended = false;
  child.once("exit", () => (ended = true));
  try {
    while (!(await isUp(port))) {
      const seconds = (performance.now() - begun) / 1000;
      if (ended || seconds > deadlineSeconds)
        throw new KitError({
          code: "BENCH_FAILED",
          what: `airflow standalone ${ended ? "ended" : `was not up within ${deadlineSeconds} s`}`,
          why: tailOf(logPath, 20),
          fix: "mend the cause, then run the benchmark again",
          exit: Exit.failed,
        });
      await sleep(100, undefined, { signal });
    }
    return (performance.now() - begun) / 1000;
  } finally {
    child.kill("SIGTERM");
    for (let waited = 0; !ended && waited < 15_000; waited += 100) await sleep(100);
    killGroup(child.pid);
  }
}

async function isUp(port: number): Promise<boolean> {
  try {
    const at = `http://127.0.0.1:${port}`;
    const signal = AbortSignal.timeout(5_000);
    if (!(await fetch(`${at}/execution/health`, { signal })).ok) return false;
    const health = (await (
      await fetch(`${at}/api/v2/monitor/health`, { signal })
    ).json()) as Health;
    return health.scheduler?.status === "healthy" && health.dag_processor?.status === "healthy";
  } catch {
    return false;
  }
}
