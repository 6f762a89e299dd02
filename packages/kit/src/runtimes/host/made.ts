/** What tasks made in databases, asked for there: a folder or a mark would not know that somebody dropped it. */
import type { Pool } from "pg";
import type { MadeDef, ServiceDef } from "../../model/service.ts";
import type { Resolver } from "./resolve.ts";

export interface Missing {
  what: string;
  /** The server says so. Else it gave no answer, which shows nothing. */
  sure: boolean;
}

/** One connection each, kept: these are asked every few seconds. */
const pools = new Map<string, Pool>();

async function poolOf({ service, port, ...made }: MadeDef, resolve: Resolver): Promise<Pool> {
  const key = `${service}/${port} ${made.user}@${made.database}`;
  const known = pools.get(key);
  if (known) return known;
  // A start that finds nothing to ask does not wait for it.
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({
    ...{ host: "127.0.0.1", port: resolve.port(service, port), database: made.database },
    ...{ user: made.user, password: resolve.text(service, made.password) },
    ...{ application_name: "gridata-supervisor", max: 1, allowExitOnIdle: true },
    ...{ connectionTimeoutMillis: 5_000, query_timeout: 5_000, idleTimeoutMillis: 60_000 },
  });
  // A server that ended: the next question opens another connection.
  pool.on("error", () => {});
  pools.set(key, pool);
  return pool;
}

/** Of the class of errors that say that there is no such database, schema or table. */
const absent = new Set(["3D000", "3F000", "42P01"]);

export async function missingOf(made: MadeDef, resolve: Resolver): Promise<Missing | null> {
  try {
    const pool = await poolOf(made, resolve);
    const { rows } = await pool.query<string[]>({ text: made.missing, rowMode: "array" });
    return rows.length === 0 ? null : { what: rows.flat().join(", "), sure: true };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { what: message, sure: code !== undefined && absent.has(code) };
  }
}

/** What is surely gone of that which the tasks of a running service made. */
export async function lostOf(service: ServiceDef, resolve: Resolver): Promise<string | null> {
  for (const { made } of [...service.before, ...service.after]) {
    const found = made && (await missingOf(made, resolve));
    if (found?.sure) return found.what;
  }
  return null;
}
