/** The databases of the stack under test, with the superuser's rights: what no identity of the platform may do to them. */
import { createPool } from "@gridata/kit/clients/pg";
import { superuser } from "@gridata/kit/leaks/read";

/** Runs statements in one of them, each a transaction of its own. */
export async function inDatabase(
  { checkout, stack }: { checkout: string; stack: string },
  database: "postgres" | "airflow" | "ledger",
  ...statements: string[]
): Promise<void> {
  const server = createPool({ ...superuser(checkout, stack), database }, "test", 1);
  try {
    for (const statement of statements) await server.query(statement);
  } finally {
    await server.end();
  }
}
