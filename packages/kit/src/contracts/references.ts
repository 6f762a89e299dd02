/** Foreign keys: the standard's relationships of the table and of its columns. */
import type { Column, Reference } from "../model/contract.ts";
import {
  columnOf,
  isMembers,
  list,
  textOf,
  type Members,
  type Path,
  type Reader,
} from "./reader.ts";

/** A reference whose table is still a dataset's name: which version is in effect only all contracts together tell. */
export interface OpenReference extends Omit<Reference, "table"> {
  path: Path;
  dataset: string;
  /** The table's version, when it is said. */
  major: string | null;
}

export function readReferences(
  reader: Reader,
  base: Path,
  table: Members,
  columns: readonly Column[],
  domain: string,
): OpenReference[] {
  const found: OpenReference[] = [];
  const add = (path: Path, given: unknown, from: string | null) => {
    const reference = isMembers(given) ? readOne(reader, path, given, from, columns, domain) : null;
    if (reference) found.push(reference);
  };
  list(table["relationships"]).forEach((one, i) => add([...base, "relationships", i], one, null));
  list(table["properties"]).forEach((property, i) => {
    if (!isMembers(property)) return;
    list(property["relationships"]).forEach((one, j) =>
      add([...base, "properties", i, "relationships", j], one, textOf(property["name"])),
    );
  });
  return found;
}

function readOne(
  reader: Reader,
  path: Path,
  given: Members,
  from: string | null,
  columns: readonly Column[],
  domain: string,
): OpenReference | null {
  const fail = (member: string, what: string, fix: string) =>
    reader.fail([...path, member], "CONTRACT_REFERENCE", what, fix);
  const texts = (value: unknown) => (Array.isArray(value) ? value : [value]).map(String);
  const own = from === null ? texts(given["from"]).map((one) => one.split(".").at(-1)!) : [from];
  for (const name of own)
    if (!columnOf(reader, [...path, "from"], "CONTRACT_REFERENCE", name, columns)) return null;
  const targets = texts(given["to"]).map((one) => {
    const parts = one.split(".");
    const [dataset, column] = parts.slice(-2);
    return parts.length === 2 || parts.length === 3
      ? { place: `${parts.length === 3 ? parts[0] : domain}.${dataset}`, column: column! }
      : null;
  });
  const [first] = targets;
  if (!first || targets.some((target) => target?.place !== first.place))
    return fail(
      "to",
      `'${texts(given["to"]).join(", ")}' does not name columns of one table`,
      "write dataset.column, or domain.dataset.column",
    );
  if (targets.length !== own.length)
    return fail("to", `${own.length} columns can't refer to ${targets.length}`, "name as many");
  const version = /^(.+)_v(\d+)$/.exec(first.place);
  const severity = list(given["customProperties"]).find(
    (entry) =>
      isMembers(entry) && entry["vendor"] === "gridata" && entry["property"] === "severity",
  ) as Members | undefined;
  return {
    ...{ path, columns: own, to: targets.map((target) => target!.column) },
    name: textOf(given["id"]) ?? `${own.join("_")}_in_${first.place.split(".")[1]}`,
    ...{ dataset: version?.[1] ?? first.place, major: version?.[2] ?? null },
    severity: reader.word(
      [...path, "customProperties"],
      severity?.["value"],
      ["error", "warning"],
      "error",
    ),
  };
}
