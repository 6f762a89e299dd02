/** Where a stack keeps what its clients need, and their configuration. docs/architecture.md lists both. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Exit, KitError } from "../model/errors.ts";

/** Members of a configuration file; one is present only if the identity may use that service. */
export interface IdentityConfig {
  stack: string;
  identity: string;
  state_dir: string;
  checkout: string;
  s3?: { endpoint: string; region: string; access_key: string; secret_key: string };
  ledger?: { host: string; port: number; database: string; user: string; password: string };
  kafka?: { brokers: string[]; username: string; password: string; topic: string; group: string };
  catalog?: { uri: string; token: string };
  airflow?: { uri: string; username: string; password: string };
  airflow_database?: IdentityConfig["ledger"];
  spark?: { uri: string; token: string };
  steps?: { socket: string };
  drop?: { default_dir: string; worlds_dir: string; intake_dir: string };
}

export const stateFolder = (checkout: string, stack: string) => join(checkout, ".gridata", stack);

/** `drop/` in the checkout for the default world of the default stack; below the state folder for all others. */
export function dropFolder(checkout: string, stack: string, world: string): string {
  return stack === "default" && world === "default"
    ? join(checkout, "drop")
    : join(stateFolder(checkout, stack), "drop", world);
}

/** The command that starts a stack. */
export const devCommand = (stack: string) =>
  stack === "default" ? "./gridata dev" : `./gridata dev --stack ${stack}`;

/** What an identity is told. Fails with exit 4 when the stack was never started. */
export function readStackConfig(
  checkout: string,
  stack: string,
  identity: string,
): IdentityConfig & Required<Pick<IdentityConfig, "ledger">> {
  const path = join(stateFolder(checkout, stack), "config", `${identity}.json`);
  if (!existsSync(path))
    throw new KitError({
      code: "STACK_NOT_RUNNING",
      what: `stack '${stack}' of this checkout does not run`,
      why: `it has no ${path}`,
      fix: devCommand(stack),
      exit: Exit.notRunning,
    });
  const config = JSON.parse(readFileSync(path, "utf8")) as IdentityConfig;
  if (!config.ledger) throw new Error(`identity '${identity}' has no ledger`);
  return { ...config, ledger: config.ledger };
}
