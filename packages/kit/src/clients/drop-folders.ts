/** Drop folders, with a folder in them for each dataset that takes files: who copies one there need not make it. */
import { mkdir, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { kitDomain } from "../model/names.ts";
import type { ReleaseDataset } from "./ledger.ts";

/** The drop folder of a world, by what a service is told. */
export const folderOfWorld = ({ stack, drop }: Told, world: string): string =>
  stack === "default" && world === "default" ? drop.default_dir : join(drop.worlds_dir, world);

interface Told {
  stack: string;
  drop: { default_dir: string; worlds_dir: string };
}

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
      await ifEmpty(join(drop, folder));
      await ifEmpty(join(drop, folder, ".."));
    }
    before = datasets;
  };
}

/** The folder and all below it in which no file lies. */
export async function removeEmptyFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries)
    if (entry.isDirectory()) await removeEmptyFolders(join(folder, entry.name));
  await ifEmpty(folder);
}

/** One that is not empty, or not there, is left as it is. */
const ifEmpty = (folder: string) => rmdir(folder).catch(() => {});
