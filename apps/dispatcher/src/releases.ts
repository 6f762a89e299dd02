/**
 * Keeps the release in the ledger at what the checkout says. A broken save keeps what was good: the problem is logged, and files
 * of a dataset whose contract was never good are parked with it.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import watcher from "@parcel/watcher";
import { buildRelease, loadStandard, type ReleaseBuild } from "@gridata/kit/contracts";
import type { Ledger, Release } from "@gridata/kit/clients/ledger";
import { errorText, type Logger } from "@gridata/kit/clients/log";

const sources = ["contracts", "spark-jobs", "pipeline/src"];
/** Hints may be lost; a look at the files' times costs a few milliseconds. */
const lookEveryMs = 2_000;

export interface Releases {
  current(): Release | null;
  broken(domain: string, dataset: string): string | null;
  close(): Promise<void>;
}

export async function followReleases(parts: {
  checkout: string;
  stateDir: string;
  /** File with the JSON Schema of the contracts' standard. */
  schema: string;
  ledger: Ledger;
  log: Logger;
  onActivated(): void;
}): Promise<Releases> {
  const { checkout, stateDir, ledger, log } = parts;
  const standard = loadStandard(parts.schema);
  let current = await ledger.currentRelease();
  let problems: ReleaseBuild["problems"] = [];
  let signature = "";
  let building: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let open = true;

  async function build(): Promise<void> {
    const seen = signatureOf(checkout);
    if (seen === signature) return;
    const built = await buildRelease(checkout, stateDir, standard);
    signature = seen;
    problems = built.problems;
    for (const { code, file, line, what } of problems)
      log.warn("contract not in effect", { code, file, line, why: what });
    if (!built.release || built.release === current?.release_id) return;
    const datasets = built.manifest.contracts.map((c) => ({
      domain: c.domain,
      dataset: c.dataset,
      table: c.table,
      fingerprint: c.fingerprint,
      redelivery: c.redelivery,
      derives: c.derives,
    }));
    const redriven = await ledger.activateRelease(built.release, datasets);
    current = { release_id: built.release, datasets };
    log.info("release in effect", { release: built.release, datasets: datasets.length, redriven });
    parts.onActivated();
  }
  const look = (): void => {
    if (building || !open) return;
    clearTimeout(timer);
    building = build()
      .catch((error: unknown) => log.warn("no release was built", { why: errorText(error) }))
      .finally(() => {
        building = null;
        if (open) timer = setTimeout(look, lookEveryMs);
      });
  };
  look();
  await building;
  const hints = await Promise.all(
    sources
      .map((name) => join(checkout, name))
      .filter((dir) => existsSync(dir))
      .map((dir) => watcher.subscribe(dir, look).catch(() => null)),
  );
  return {
    current: () => current,
    broken: (domain, dataset) =>
      problems.find(({ file }) => file === `contracts/${domain}/${dataset}.odcs.yaml`)?.what ??
      null,
    async close() {
      open = false;
      clearTimeout(timer);
      await building;
      for (const hint of hints) await hint?.unsubscribe();
    },
  };
}

/** Path, size and time of every source file. */
function signatureOf(checkout: string): string {
  const found: string[] = [];
  for (const source of sources) {
    const dir = join(checkout, source);
    if (!existsSync(dir)) continue;
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.parentPath.includes("__pycache__")) continue;
      const path = join(entry.parentPath, entry.name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat) found.push(`${path} ${stat.size} ${stat.mtimeMs}`);
    }
  }
  return found.toSorted().join("\n");
}
