/** Takes a file of the private folder to the store: hashed, put under a key that must be free, compared, and only then removed. */
import { stat } from "node:fs/promises";
import type { Failpoints } from "@gridata/kit/clients/failpoint";
import { hashFile } from "@gridata/kit/clients/sha256";
import type { StagingStore } from "@gridata/kit/clients/staging";
import { keys, safeName } from "@gridata/kit/model";
import { discard, pathOf, type Taken } from "./intake.ts";

export type Upload = "staged" | "changed";

/**
 * `changed`: somebody wrote to the file meanwhile. What was put is what the store has; the caller delivers the file anew, since
 * its content is another one now. A put that finds its key taken is one that a dead gateway made: the same delivery.
 */
export async function upload(
  store: StagingStore,
  taken: Taken,
  failpoints: Failpoints,
): Promise<Upload> {
  const path = pathOf(taken);
  const before = await stat(path, { bigint: true });
  const { world, domain, dataset, deliveryId, name, arrivalMs, again } = taken;
  const sha256 = await hashFile(path);
  await failpoints.around("upload", world, () =>
    store.put({
      key: keys.drop(world, domain, dataset, deliveryId, safeName(name)),
      path,
      size: Number(before.size),
      sha256,
      name,
      arrivalMs,
      again,
    }),
  );
  const after = await failpoints.around("compare", world, () => stat(path, { bigint: true }));
  if (before.ino !== after.ino || before.size !== after.size || before.mtimeNs !== after.mtimeNs)
    return "changed";
  await failpoints.around("remove", world, () => discard(taken));
  return "staged";
}
