/** A lid that closes: every process of the stack stands still, and when they go on an hour is over and no connection lives. */
import { existsSync, readFileSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { createPool } from "@gridata/kit/clients/pg";
import { readStackConfig, stateFolder } from "@gridata/kit/clients/stack";
import { layoutOf, livingSupervisor, readStatus } from "@gridata/kit/runtimes/host/control";
import { until } from "./wait.ts";

const checkout = join(import.meta.dirname, "../../..");
const stack = process.env.GRIDATA_STACK ?? "default";
const hour = "interval '1 hour'";

/** What tells the time in the databases: everything is an hour older when the machine is awake again. */
const clocks: Record<string, string[]> = {
  ledger: [
    `update ledger.batch set lease_until = lease_until - ${hour}, not_before = not_before - ${hour} where state = 'open'`,
  ],
  airflow: [
    `update job set latest_heartbeat = latest_heartbeat - ${hour} where state = 'running'`,
    `update task_instance set last_heartbeat_at = last_heartbeat_at - ${hour} where state = 'running'`,
  ],
};

/** Stops all of it for `seconds`, which should be more than any session over a connection lasts. The number of processes. */
export async function suspend(seconds: number): Promise<number> {
  const { postgres, others } = processes();
  signal(others, "SIGSTOP");
  for (const [database, statements] of Object.entries(clocks)) {
    const pool = superuser(database);
    for (const statement of statements) await pool.query(statement);
    await pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    await pool.end();
  }
  const data = join(stateFolder(checkout, stack), "data");
  for (const beat of readdirSync(data).map((name) => join(data, name, "beat")))
    if (existsSync(beat)) utimesSync(beat, Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
  signal(postgres, "SIGSTOP");
  const awake = performance.now() + seconds * 1000;
  await until("every session to be over", () => performance.now() > awake, {
    deadline: seconds + 60,
  });
  const all = [...postgres, ...others];
  signal(all, "SIGCONT");
  return all.length;
}

/** Of the supervisor and all services, with their children; those of PostgreSQL apart. */
function processes(): { postgres: number[]; others: number[] } {
  const layout = layoutOf(checkout, stack);
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name);
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(tree)];
  const services = readStatus(layout)!.services.filter(({ pid }) => pid !== null);
  const of = (chosen: typeof services) => chosen.flatMap(({ pid }) => tree(pid!));
  const database = of(services.filter(({ name }) => name === "postgres"));
  const rest = of(services.filter(({ name }) => name !== "postgres"));
  return { postgres: database, others: [livingSupervisor(layout)!.pid, ...rest] };
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name);
    } catch {
      // It ended by itself.
    }
}

function superuser(database: string) {
  const { ledger } = readStackConfig(checkout, stack, "admin");
  const file = join(stateFolder(checkout, stack), "config/services/postgres-superuser");
  const password = readFileSync(file, "utf8").trim();
  return createPool({ ...ledger, user: "postgres", password, database }, "test", 1);
}
