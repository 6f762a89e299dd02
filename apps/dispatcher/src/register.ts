/** What lies below a world's `drop/` becomes deliveries in the ledger. The listing of versions is the truth; events only wake it. */
import { createHash } from "node:crypto";
import type { Ledger } from "@gridata/kit/clients/ledger";
import type { Logger } from "@gridata/kit/clients/log";
import type { StagedVersion, StagingStore } from "@gridata/kit/clients/staging";
import { parseDropKey } from "@gridata/kit/model";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Of a direct PUT: the same version is the same delivery, whoever finds it and however often. */
function derivedId(arrivalMs: number, key: string, versionId: string): string {
  const hash = createHash("sha256").update(`${key}\n${versionId}`).digest("hex");
  const time = arrivalMs.toString(16).padStart(12, "0");
  const variant = ((Number.parseInt(hash[3]!, 16) & 3) | 8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}

export interface RegisterParts {
  store: StagingStore;
  ledger: Ledger;
  log: Logger;
  /** When an event announced this key; forgotten once asked. */
  announcedAt(key: string): Date | undefined;
}

/** Registers what is new. Returns how many deliveries were. */
export async function register(parts: RegisterParts, world: string): Promise<number> {
  const known = await parts.ledger.stagedVersions(world);
  let registered = 0;
  for await (const version of parts.store.versions(world)) {
    if (known.has(`${version.key}\n${version.versionId}`)) continue;
    if (await registerVersion(parts, world, version)) registered++;
  }
  return registered;
}

async function registerVersion(
  { store, ledger, log, announcedAt }: RegisterParts,
  world: string,
  version: StagedVersion,
): Promise<boolean> {
  const place = parseDropKey(version.key);
  if (!place) {
    log.warn("an object below drop/ is in no dataset's folder; it is left alone", {
      world,
      key: version.key,
    });
    return false;
  }
  const found = await store.stat(version.key, version.versionId);
  if (!found) return false;
  const [first = "", ...rest] = place.rest.split("/");
  const arrivalMs = found.arrivalMs ?? found.lastModified.getTime();
  const ours = uuid.test(first) && rest.length === 1;
  let id = ours ? first : derivedId(arrivalMs, version.key, version.versionId);
  const earlier = await ledger.registered(id);
  if (earlier && earlier.version_id === version.versionId) {
    // Its verdict is final and its version was to be deleted: the deletion was lost.
    if (earlier.unstaged_at) await store.remove(version.key, version.versionId);
    return false;
  }
  // A second PUT to the key of a delivery is a delivery of its own.
  if (earlier) id = derivedId(found.lastModified.getTime(), version.key, version.versionId);
  const added = await ledger.registerDelivery({
    deliveryId: id,
    world,
    domain: place.domain,
    dataset: place.dataset,
    key: version.key,
    versionId: version.versionId,
    name: found.name ?? place.rest.split("/").at(-1)!,
    sizeBytes: found.size,
    arrivalMs,
    again: found.again,
    // The gateway's word; the step that reads the bytes hashes them itself.
    fileId: found.sha256,
  });
  if (!added) return false;
  const arrival = new Date(arrivalMs);
  const staged = new Date(Math.max(found.lastModified.getTime(), arrivalMs));
  const hop = { world, delivery: id };
  if (found.arrivalMs !== null)
    await ledger.recordHop({ ...hop, name: "dropped", startedAt: arrival, endedAt: arrival });
  const ref = `s3://staging/${version.key}`;
  await ledger.recordHop({ ...hop, name: "staged", startedAt: arrival, endedAt: staged, ref });
  const announced = announcedAt(version.key);
  if (announced)
    await ledger.recordHop({
      ...hop,
      name: "announced",
      startedAt: announced,
      endedAt: new Date(),
    });
  log.info("registered", { world, delivery: id, dataset: `${place.domain}.${place.dataset}` });
  return true;
}
