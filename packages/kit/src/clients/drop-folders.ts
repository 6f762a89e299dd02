/** A folder below the drop folder for each dataset that takes files: who copies one there need not make it. */
import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { kitDomain } from "../model/names.ts";
import type { ReleaseDataset } from "./ledger.ts";

const foldersOf = (datasets: readonly ReleaseDataset[]) =>
  datasets
    .filter(({ domain, derives }) => domain !== kitDomain && derives.length === 0)
    .map(({ domain, dataset }) => join(domain, dataset));

export async function makeDropFolders(
  drop: string,
  datasets: readonly ReleaseDataset[],
): Promise<void> {
  for (const folder of foldersOf(datasets)) await mkdir(join(drop, folder), { recursive: true });
}

/** As datasets come and go: what is left in the folder of one that is gone stays, with the folder. */
export function dropFolders(drop: string): (datasets: readonly ReleaseDataset[]) => Promise<void> {
  let before: readonly ReleaseDataset[] = [];
  return async (datasets) => {
    await makeDropFolders(drop, datasets);
    const wanted = new Set(foldersOf(datasets));
    for (const folder of foldersOf(before).filter((one) => !wanted.has(one))) {
      await rmdir(join(drop, folder)).catch(() => {});
      await rmdir(join(drop, folder, "..")).catch(() => {});
    }
    before = datasets;
  };
}
