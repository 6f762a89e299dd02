/** After the verdict: the staged version goes, and what was rejected or parked is told beside the drop folder. */
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Failpoints } from "@gridata/kit/clients/failpoint";
import type { Ledger, SettledDelivery } from "@gridata/kit/clients/ledger";
import type { StagingStore } from "@gridata/kit/clients/staging";
import { safeName } from "@gridata/kit/model";

export interface SettleParts {
  store: StagingStore;
  ledger: Ledger;
  failpoints: Failpoints;
  /** The drop folder of a world. */
  folderOf(world: string): string;
  /** Verdict files of parked deliveries that this process wrote: delivery id -> when it was parked. */
  told: Map<string, number>;
}

export async function settle(parts: SettleParts, world: string): Promise<void> {
  const { store, ledger, failpoints } = parts;
  for (;;) {
    const some = await ledger.unsettled(world, 100);
    for (const delivery of some) {
      if (delivery.state === "rejected") await writeVerdict(parts, world, delivery);
      else await removeVerdict(parts, world, delivery);
      await failpoints.around("unstage", world, () =>
        store.remove(delivery.object_key, delivery.version_id),
      );
      await ledger.unstaged(delivery.delivery_id);
    }
    if (some.length < 100) break;
  }
  for (const delivery of await ledger.parked(world)) {
    const at = delivery.changed_at.getTime();
    if (parts.told.get(delivery.delivery_id) === at) continue;
    await writeVerdict(parts, world, delivery);
    parts.told.set(delivery.delivery_id, at);
  }
}

const verdictFolder = (parts: SettleParts, world: string, d: SettledDelivery) =>
  join(parts.folderOf(world), ".verdicts", d.domain, d.dataset);
/** The name as it was dropped, unless no file can be called so. */
function verdictName({ name, delivery_id }: SettledDelivery): string {
  const usable = Buffer.byteLength(name) <= 200 && !/[/\0]/.test(name);
  return `${usable ? name : safeName(name)}.${delivery_id}.json`;
}

async function writeVerdict(parts: SettleParts, world: string, d: SettledDelivery) {
  const folder = verdictFolder(parts, world, d);
  const path = join(folder, verdictName(d));
  await mkdir(folder, { recursive: true });
  const document = {
    schema: "gridata.verdict/1",
    state: d.state,
    name: d.name,
    dataset: `${d.domain}.${d.dataset}`,
    delivery_id: d.delivery_id,
    file_id: d.file_id,
    at: d.changed_at.toISOString(),
    reason: d.reason,
    rows: { in: d.records_in, published: d.records_published, rejected: d.records_rejected },
    rejects_uri: d.rejects_uri,
    batch_id: d.batch_id,
    table: d.table_name,
  };
  await writeFile(`${path}.tmp`, `${JSON.stringify(document, null, 2)}\n`);
  await rename(`${path}.tmp`, path);
}

/** What was parked and went on later has no verdict to tell. */
async function removeVerdict(parts: SettleParts, world: string, d: SettledDelivery) {
  const folder = verdictFolder(parts, world, d);
  const names: string[] = await readdir(folder).catch(() => []);
  if (names.includes(verdictName(d))) await rm(join(folder, verdictName(d)), { force: true });
}
