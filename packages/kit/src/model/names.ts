/** Names and keys that cross a boundary. docs/architecture.md lists them; `pipeline/src/gridata/names.py` is the twin. */
import { randomBytes } from "node:crypto";
import { KitError, Exit } from "./errors.ts";

const patterns = {
  stack: /^[a-z][a-z0-9-]{0,20}$/,
  world: /^[a-z][a-z0-9_]{0,31}$/,
  domain: /^[a-z][a-z0-9_]{0,62}$/,
  dataset: /^[a-z][a-z0-9_]{0,62}$/,
} as const;

/** A domain that users have not: contracts of the kit's own. */
export const kitDomain = "gridata";

export type NameKind = keyof typeof patterns;

export function isName(kind: NameKind, text: string): boolean {
  return patterns[kind].test(text);
}

/** Returns the name or throws a usage error that shows the allowed form. */
export function checkName(kind: NameKind, text: string): string {
  if (isName(kind, text)) return text;
  throw new KitError({
    code: "NAME_INVALID",
    what: `'${text}' is not a valid ${kind} name`,
    why: `a ${kind} name has the form ${patterns[kind].source}`,
    fix: `use lower-case letters, digits and ${kind === "stack" ? "-" : "_"}, starting with a letter`,
    exit: Exit.usage,
  });
}

export interface DatasetName {
  domain: string;
  dataset: string;
}

/** Parses `sales.transactions`. */
export function parseDataset(text: string): DatasetName {
  const [domain = "", dataset = "", ...rest] = text.split(".");
  if (rest.length > 0 || !isName("domain", domain) || !isName("dataset", dataset))
    throw new KitError({
      code: "NAME_INVALID",
      what: `'${text}' is not a dataset name`,
      why: "a dataset is named <domain>.<dataset>",
      fix: "write it like sales.transactions",
      exit: Exit.usage,
    });
  return { domain, dataset };
}

// Crockford's base 32 without the letters that are read as digits.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

function base32(value: bigint, width: number): string {
  let text = "";
  for (let i = 0; i < width; i++) {
    text = alphabet[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}

/** A batch id: ordered by time, unique without asking the ledger. `now` in milliseconds since the epoch. */
export function newBatchId(now: number = Date.now()): string {
  return `b${base32(BigInt(now), 9)}${base32(BigInt(randomBytes(3).readUIntBE(0, 3)), 4)}`;
}

export function runId(world: string, batch: string, attempt: number): string {
  return `${world}.${batch}.${attempt}`;
}

export function auditBranch(batch: string, attempt: number): string {
  return `audit_${batch}_${attempt}`;
}

export function parseRunId(id: string): { world: string; batch: string; attempt: number } | null {
  const m = /^([a-z][a-z0-9_]{0,31})\.(b[0-9a-z]{13})\.([1-9][0-9]*)$/.exec(id);
  return m ? { world: m[1]!, batch: m[2]!, attempt: Number(m[3]) } : null;
}

export const keys = {
  dropPrefix: (world: string) => `${world}/drop/`,
  drop: (world: string, domain: string, dataset: string, delivery: string, safe: string) =>
    `${world}/drop/${domain}/${dataset}/${delivery}/${safe}`,
  receipt: (world: string, batch: string, attempt: number) =>
    `${world}/_batches/${batch}/${attempt}.json`,
} as const;

/** Parts of a key below `staging/<w>/drop/`; null when it is not one, such as a key that someone put too high up. */
export function parseDropKey(
  key: string,
): { world: string; domain: string; dataset: string; rest: string } | null {
  const [world, drop, domain, dataset, ...rest] = key.split("/");
  if (drop !== "drop" || !world || !domain || !dataset || rest.length === 0) return null;
  if (!isName("world", world) || !isName("domain", domain) || !isName("dataset", dataset))
    return null;
  return { world, domain, dataset, rest: rest.join("/") };
}

/**
 * The part of a file name that is safe in an object key, a log and a shell: at most 120 bytes, never empty, never a path.
 * The original name travels as metadata.
 */
export function safeName(name: string): string {
  const cleaned = name
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^[._-]+/, "");
  if (cleaned.length <= 120) return cleaned || "file";
  const dot = cleaned.lastIndexOf(".");
  const ending = dot > 0 && cleaned.length - dot <= 16 ? cleaned.slice(dot) : "";
  return cleaned.slice(0, 120 - ending.length) + ending;
}
