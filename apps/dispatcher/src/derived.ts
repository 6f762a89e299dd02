/**
 * Derived tables: when what one is computed from is not what it was computed from, a batch of its own is claimed. The catalog
 * says what `main` of an upstream table is, since it may have been moved back by a person; the ledger says what was computed.
 */
import type { Failpoints } from "@gridata/kit/clients/failpoint";
import type { Ledger, Release, ReleaseDataset } from "@gridata/kit/clients/ledger";
import type { Logger } from "@gridata/kit/clients/log";
import { newBatchId } from "@gridata/kit/model";

/** Nobody announces that `main` was moved by hand: it is looked at this often. */
const lookEveryMs = 5_000;

export interface DerivedParts {
  ledger: Ledger;
  failpoints: Failpoints;
  log: Logger;
  release(): Release | null;
  /** Snapshot id that `main` of a table points to; null when there is no such table. */
  main(world: string, table: string): Promise<string | null>;
}

interface Seen {
  /** Newest published batch of the table when `main` was looked at. */
  batch: string;
  at: number;
  snapshot: string | null;
}

export function derivedTables({ ledger, failpoints, log, release, main }: DerivedParts) {
  const seen = new Map<string, Seen>();

  async function mainOf(world: string, table: string, batch: string): Promise<string | null> {
    const key = `${world} ${table}`;
    const known = seen.get(key);
    if (known?.batch === batch && Date.now() - known.at < lookEveryMs) return known.snapshot;
    const snapshot = await main(world, table);
    seen.set(key, { batch, at: Date.now(), snapshot });
    return snapshot;
  }

  async function claim(
    world: string,
    releaseId: string,
    { table, derives }: ReleaseDataset,
    published: ReadonlyMap<string, string>,
  ): Promise<void> {
    // Nothing has ever come to any of them.
    if (!derives.some((upstream) => published.has(upstream))) return;
    const pinned: Record<string, string | null> = {};
    for (const upstream of derives) {
      const batch = published.get(upstream);
      pinned[upstream] = batch === undefined ? null : await mainOf(world, upstream, batch);
    }
    const batch = newBatchId();
    const claimed = await failpoints.around("derive", world, () =>
      ledger.claimDerived(world, table, releaseId, batch, pinned),
    );
    if (claimed) log.info("claimed", { world, batch, table, upstream: JSON.stringify(pinned) });
  }

  return {
    /** Claims what is to be computed anew in a world. */
    async claimDerived(world: string): Promise<void> {
      const current = release();
      const derived = current?.datasets.filter(({ derives }) => derives.length > 0) ?? [];
      if (!current || derived.length === 0) return;
      const upstream = [...new Set(derived.flatMap(({ derives }) => derives))];
      const published = await ledger.publishedTables(world, upstream);
      for (const dataset of derived) await claim(world, current.release_id, dataset, published);
    },
  };
}
