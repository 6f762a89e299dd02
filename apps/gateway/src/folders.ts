/** Which paths below a world's drop folder are files to take. Pure. */
import { isName } from "@gridata/kit/model";

export interface Place {
  domain: string;
  dataset: string;
  name: string;
}

export type Reading =
  | { kind: "file"; place: Place }
  /** Not ours: hidden, or a name under which programs write what is not done yet. */
  | { kind: "ignored" }
  /** Somebody meant to drop it and it lies where nothing takes it. */
  | { kind: "misplaced"; why: string };

const unfinished = /\.(part|tmp)$/i;

/** `parts`: the path below the drop folder of a world, split. */
export function readPath(parts: readonly string[]): Reading {
  if (parts.some((part) => part.startsWith("."))) return { kind: "ignored" };
  const [domain = "", dataset = "", name = "", ...deeper] = parts;
  if (unfinished.test(parts.at(-1) ?? "")) return { kind: "ignored" };
  if (parts.length < 3)
    return { kind: "misplaced", why: "files are dropped into <domain>/<dataset>/" };
  if (deeper.length > 0)
    return { kind: "misplaced", why: "files in folders below <domain>/<dataset>/ are not taken" };
  if (!isName("domain", domain) || !isName("dataset", dataset))
    return {
      kind: "misplaced",
      why: "names of domains and datasets are lower-case letters, digits and _, starting with a letter",
    };
  return { kind: "file", place: { domain, dataset, name } };
}

/** The request that `drop` leaves beside a file. */
export const requestName = (name: string) => `.${name}.gridata.json`;
