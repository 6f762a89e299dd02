/** The kit's own properties of a table: `customProperties` of vendor `gridata`. */
import { didYouMean, isMembers, list, type Members, type Path, type Reader } from "./reader.ts";

export const settingNames = [
  ...["format", "dialect", "compression", "mode", "order", "tombstone", "redelivery"],
  ...["partition", "errorThreshold", "uniqueScope", "limits", "derives"],
] as const;
export type SettingName = (typeof settingNames)[number];

export interface Settings {
  value(name: SettingName): unknown;
  has(name: SettingName): boolean;
  path(name: SettingName): Path;
  word<T extends string>(name: SettingName, known: readonly T[], fallback: T): T;
}

export function readSettings(reader: Reader, base: Path, table: Members): Settings {
  const entries = new Map<string, { path: Path; value: unknown }>();
  list(table["customProperties"]).forEach((entry, i) => {
    if (!isMembers(entry) || entry["vendor"] !== "gridata") return;
    const path = [...base, "customProperties", i];
    const name = String(entry["property"]);
    if (!settingNames.includes(name as SettingName))
      reader.fail(
        [...path, "property"],
        "CONTRACT_WORD_UNKNOWN",
        `'${name}' is no property of the kit`,
        didYouMean(name, settingNames) ?? `known are ${settingNames.join(", ")}`,
      );
    else if (entries.has(name))
      reader.fail(
        [...path, "property"],
        "CONTRACT_SETTING",
        `'${name}' is said twice`,
        "keep one of them",
      );
    entries.set(name, { path: [...path, "value"], value: entry["value"] });
  });
  const path = (name: SettingName): Path => entries.get(name)?.path ?? base;
  const value = (name: SettingName) => entries.get(name)?.value;
  return {
    ...{ value, path },
    has: (name) => entries.has(name),
    word: (name, known, fallback) => reader.word(path(name), value(name), known, fallback),
  };
}

/** A property that is one text or several. */
export const textsOf = (value: unknown): string[] =>
  value === undefined || value === null ? [] : (Array.isArray(value) ? value : [value]).map(String);
