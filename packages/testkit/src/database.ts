/** The databases of the stack under test, with the superuser's rights: what no identity of the platform may do to them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createPool } from "@gridata/kit/clients/pg";
import { readStackConfig, stateFolder } from "@gridata/kit/clients/stack";

/** Runs statements in one of them, each a transaction of its own. */
export async function inDatabase(
  { checkout, stack }: { checkout: string; stack: string },
  database: "postgres" | "airflow" | "ledger",
  ...statements: string[]
): Promise<void> {
  const { ledger } = readStackConfig(checkout, stack, "admin");
  const password = readFileSync(
    join(stateFolder(checkout, stack), "config/services/postgres-superuser"),
    "utf8",
  ).trim();
  const server = createPool({ ...ledger, user: "postgres", password, database }, "test", 1);
  try {
    for (const statement of statements) await server.query(statement);
  } finally {
    await server.end();
  }
}
