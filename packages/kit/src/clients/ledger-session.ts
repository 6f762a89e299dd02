/** A connection to the ledger of a stack, for commands and tests. Closed by `await using`. */
import pg from "pg";
import { Exit, KitError } from "../model/errors.ts";
import { readStackConfig } from "./stack.ts";
import type { LedgerReader } from "./passports.ts";

export async function connectLedger({
  checkout,
  stack,
  identity = "reader",
}: {
  checkout: string;
  stack: string;
  identity?: string;
}): Promise<LedgerReader & AsyncDisposable> {
  const { ledger } = readStackConfig(checkout, stack, identity);
  const client = new pg.Client(ledger);
  try {
    await client.connect();
  } catch (error) {
    throw new KitError({
      code: "LEDGER_UNREACHABLE",
      what: `the ledger of stack '${stack}' does not answer`,
      why: (error as Error).message,
      fix: "`./gridata status` shows the state of its services; `./gridata dev` starts them",
      exit: Exit.notRunning,
      cause: error,
    });
  }
  return {
    query: async (sql, parameters = []) => client.query(sql, [...parameters]),
    [Symbol.asyncDispose]: () => client.end(),
  };
}
