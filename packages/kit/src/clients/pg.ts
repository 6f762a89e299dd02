/** PostgreSQL: a pool, and a connection that listens. 64-bit integers come as text, so that no snapshot id is rounded. */
import pg from "pg";
import type { Config } from "./config.ts";

export type LedgerConfig = NonNullable<Config["ledger"]>;

export function createPool(config: LedgerConfig, name: string, max = 6): pg.Pool {
  const pool = new pg.Pool({
    ...config,
    application_name: `gridata-${name}`,
    max,
    connectionTimeoutMillis: 5_000,
    // A statement of ours takes milliseconds; one that hangs has lost its server.
    query_timeout: 30_000,
    keepAlive: true,
  });
  // An idle connection that the server closed: the next query opens another one.
  pool.on("error", () => {});
  return pool;
}

export interface ListenOptions {
  channel: string;
  onMessage(payload: string): void;
  /** Called at each (re)connection: what was notified before is lost, so look at everything. */
  onConnected(): void;
  onLost(error: Error): void;
  signal: AbortSignal;
}

/** Listens until `signal` aborts; reconnects with back-off from 0.1 s to 2 s. */
export async function listen(config: LedgerConfig, name: string, options: ListenOptions) {
  let wait = 100;
  while (!options.signal.aborted) {
    const client = new pg.Client({
      ...config,
      application_name: `gridata-${name}-listen`,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    const ended = new Promise<Error>((resolve) => {
      client.once("error", resolve);
      client.once("end", () => resolve(new Error("the connection ended")));
    });
    try {
      await client.connect();
      client.on("notification", ({ payload }) => options.onMessage(payload ?? ""));
      await client.query(`listen ${pg.escapeIdentifier(options.channel)}`);
      wait = 100;
      options.onConnected();
      const stop = new Promise<undefined>((resolve) =>
        options.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
      );
      const failure = await Promise.race([ended, stop]);
      if (failure) options.onLost(failure);
    } catch (error) {
      options.onLost(error as Error);
    }
    await client.end().catch(() => {});
    if (options.signal.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(2_000, wait * 2);
  }
}
