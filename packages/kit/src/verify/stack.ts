/** Verifies a world of a stack of this machine. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LedgerReader } from "../clients/passports.ts";
import { readStackConfig, stateFolder } from "../clients/stack.ts";
import type { ReleaseManifest } from "../model/contract.ts";
import { verify, type CheckResult } from "./index.ts";
import { readFacts } from "./read.ts";

export async function verifyWorld(parts: {
  checkout: string;
  stack: string;
  world: string;
  ledger: LedgerReader;
  /** Folder of the tool `duckdb-extensions`. */
  extensions: string;
}): Promise<CheckResult[]> {
  const { checkout, stack, world, ledger, extensions } = parts;
  const config = readStackConfig(checkout, stack, "reader");
  const modes = await tableModes(join(stateFolder(checkout, stack), "releases"), ledger);
  return verify(() => readFacts({ world, config, ledger, extensions, modes }));
}

/** As the newest release that knows a table says. */
async function tableModes(releases: string, ledger: LedgerReader): Promise<Map<string, string>> {
  const { rows } = await ledger.query<{ release_id: string }>(
    "select release_id from ledger.release order by activated_at",
  );
  const modes = new Map<string, string>();
  for (const { release_id } of rows) {
    const path = join(releases, release_id, "contracts.json");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, "utf8")) as ReleaseManifest;
    for (const { table, mode } of manifest.contracts) modes.set(table, mode);
  }
  return modes;
}
