/** What a file may be at most, and how many of its records may be bad. */
import type { Limits, Threshold } from "../model/contract.ts";
import { isMembers, textOf, type Reader } from "./reader.ts";
import type { Settings } from "./settings.ts";

/** What a file may be at most unless its contract says otherwise. */
export const defaultLimits: Limits = {
  ...{ bytes: 5 * 2 ** 30, lineBytes: 2 ** 20, columns: 2000, expansionRatio: 100 },
};

const units: Record<string, number> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
};

export function readLimits(reader: Reader, settings: Settings): Limits {
  const given = settings.value("limits");
  const path = settings.path("limits");
  if (given === undefined) return defaultLimits;
  if (!isMembers(given)) {
    reader.fail(path, "CONTRACT_LIMIT", "the limits are not a map", "write { bytes: 5 GiB }");
    return defaultLimits;
  }
  reader.noOthers(path, given, Object.keys(defaultLimits));
  const limits = { ...defaultLimits };
  for (const name of Object.keys(defaultLimits) as (keyof Limits)[]) {
    if (given[name] === undefined) continue;
    const bytes = name === "bytes" || name === "lineBytes";
    const value = bytes ? bytesOf(given[name]) : Number(given[name]);
    if (value !== null && value >= 1 && (name === "expansionRatio" || Number.isSafeInteger(value)))
      limits[name] = value;
    else
      reader.fail(
        [...path, name],
        "CONTRACT_LIMIT",
        `'${textOf(given[name]) ?? ""}' is no limit`,
        bytes ? "write 5 GiB, 200 MB or a number of bytes" : "write a number of 1 or more",
      );
  }
  return limits;
}

function bytesOf(value: unknown): number | null {
  const found = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(textOf(value)?.trim() ?? "");
  const unit = units[(found?.[2] || "b").toLowerCase()];
  return found && unit ? Math.floor(Number(found[1]) * unit) : null;
}

export function readThreshold(reader: Reader, settings: Settings): Threshold {
  const given = textOf(settings.value("errorThreshold") ?? 0)?.trim() ?? "";
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(given);
  if (share && Number(share[1]) <= 100) return { kind: "share", value: Number(share[1]) / 100 };
  if (/^\d+$/.test(given)) return { kind: "count", value: Number(given) };
  reader.fail(
    settings.path("errorThreshold"),
    "CONTRACT_THRESHOLD",
    `'${given}' is neither a share nor a number of records`,
    "write 1% or 20",
  );
  return { kind: "count", value: 0 };
}
