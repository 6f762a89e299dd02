/** What a changed contract means for the table that is there. The steps decide by the same rules, against the table itself. */
import type { CompiledContract, IcebergField, IcebergType } from "../model/contract.ts";

export interface Change {
  /** `next-batch`: in effect with it. `migration`: not in effect until the table is migrated; files that need it wait. */
  effect: "next-batch" | "migration";
  what: string;
}

/** What of a contract the changes are told from. */
export type Told = Omit<CompiledContract, "fingerprint" | "references">;

export function contractChanges(before: Told, after: Told): Change[] {
  if (before.table !== after.table)
    return [next(`the rows go to a new table, ${after.table}; ${before.table} stays as it is`)];
  return [
    ...publishedChanges(before.iceberg.schema.fields, after),
    ...ruleOfRows(before, after),
    ...partitions(before, after),
    ...rest(before, after),
  ];
}

/** What the columns of a published table still have to become; what was widened or added meanwhile is there already. */
export const publishedChanges = (published: readonly IcebergField[], { iceberg }: Told): Change[] =>
  fieldChanges("", ours(published), ours(iceberg.schema.fields));

const ours = (fields: readonly IcebergField[]) =>
  fields.filter(({ name }) => !name.startsWith("_"));

const next = (what: string): Change => ({ effect: "next-batch", what });
const migration = (what: string): Change => ({ effect: "migration", what });

function fieldChanges(
  within: string,
  before: readonly IcebergField[],
  after: readonly IcebergField[],
): Change[] {
  const old = new Map(before.map((field) => [field.name, field]));
  const kept = new Set(after.map(({ name }) => name));
  return [
    ...before
      .filter(({ name }) => !kept.has(name))
      .map(({ name }) => migration(`column ${within}${name} would be dropped`)),
    ...after.flatMap((field) => {
      const known = old.get(field.name);
      return known
        ? typeChanges(within + field.name, known.type, field.type)
        : [next(`column ${within}${field.name} is added; rows that are there have NULL`)];
    }),
  ];
}

function typeChanges(name: string, before: IcebergType, after: IcebergType): Change[] {
  if (typeof before === "string" && typeof after === "string") {
    if (before === after) return [];
    return [
      widens(before, after)
        ? next(`column ${name} is widened from ${before} to ${after}`)
        : migration(`column ${name} would change from ${before} to ${after}`),
    ];
  }
  if (typeof before === "string" || typeof after === "string" || before.type !== after.type)
    return [migration(`column ${name} would change from ${word(before)} to ${word(after)}`)];
  if (before.type === "struct" && after.type === "struct")
    return fieldChanges(`${name}.`, before.fields, after.fields);
  if (before.type === "list" && after.type === "list")
    return typeChanges(`${name}.element`, before.element, after.element);
  if (before.type === "map" && after.type === "map")
    return [
      ...typeChanges(`${name}.key`, before.key, after.key).map(() =>
        migration(`the keys of column ${name} would change`),
      ),
      ...typeChanges(`${name}.value`, before.value, after.value),
    ];
  return [];
}

const word = (type: IcebergType) => (typeof type === "string" ? type : type.type);

/** What Iceberg lets a column become without a rewrite of its files. */
function widens(before: string, after: string): boolean {
  if (before === "int") return after === "long";
  if (before === "float") return after === "double";
  const [old, wide] = [before, after].map((type) => /^decimal\((\d+), (\d+)\)$/.exec(type));
  return Boolean(old && wide && old[2] === wide[2] && Number(wide[1]) > Number(old[1]));
}

/** Mode, key, order and tombstone decide which rows are in the table: those that are there were kept by the old ones. */
function ruleOfRows(before: Told, after: Told): Change[] {
  const rule = ({ mode, order, tombstone, columns }: Told) => {
    if (mode !== "upsert") return mode;
    const key = columns.filter((one) => one.key > 0).toSorted((a, b) => a.key - b.key);
    const gone = tombstone ? ` but ${tombstone.column} ${tombstone.values.join(", ")}` : "";
    return `${mode} by ${key.map(({ name }) => name).join(", ")} in order of ${[...order, "arrival"].join(", ")}${gone}`;
  };
  const [old, now] = [rule(before), rule(after)];
  return old === now ? [] : [migration(`the rows would be kept by '${now}', not by '${old}'`)];
}

function partitions(before: Told, after: Told): Change[] {
  const spell = ({ partition }: Told) =>
    partition
      .map(
        (field) =>
          `${field.transform} of ${field.column} as ${field.name}${"width" in field ? ` ${field.width}` : ""}`,
      )
      .join(", ");
  const [old, now] = [spell(before), spell(after)];
  return old === now ? [] : [migration(`the partitions would change from (${old}) to (${now})`)];
}

const parts = [
  ...(["format", "formats", "compression", "dialect", "limits", "errorThreshold"] as const),
  ...(["redelivery", "uniqueScope", "quality", "freshness", "derives"] as const),
];

/** What is asked of a file: nothing in the table depends on it. */
function rest(before: Told, after: Told): Change[] {
  const changed = parts.filter((part) => !same(before[part], after[part]));
  const columns = after.columns.flatMap((column) => {
    const old = before.columns.find(({ name }) => name === column.name);
    if (!old) return [];
    const members = Object.keys(column) as (keyof typeof column)[];
    const differing = members.filter(
      (member) =>
        !["type", "key", "description"].includes(member) && !same(old[member], column[member]),
    );
    return differing.length > 0 ? [next(`${column.name}: ${differing.join(", ")}`)] : [];
  });
  return [...(changed.length > 0 ? [next(changed.join(", "))] : []), ...columns];
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
