/** What contracts say of each other: tables that one is derived from or refers to. */
import type { CompiledContract, Reference } from "../model/contract.ts";
import type { Compiled } from "./compile.ts";
import { didYouMean } from "./reader.ts";
import type { OpenReference } from "./references.ts";
import type { Problem } from "./source.ts";
import { spellType } from "./types.ts";

export type Linked = Omit<CompiledContract, "fingerprint">;

/** A contract that is good by itself. */
export interface Good extends Omit<Compiled, "contract"> {
  contract: NonNullable<Compiled["contract"]>;
}

/** Path of the job of a dataset, relative to the checkout. */
export const jobOf = ({ domain, dataset }: Pick<CompiledContract, "domain" | "dataset">): string =>
  `spark-jobs/${domain}_${dataset}/job.py`;

/**
 * References become tables. A contract with a problem is not among the linked ones, and nothing may be derived from it.
 * `hasJob` tells whether that file is there.
 */
export function linkContracts(
  all: readonly Good[],
  hasJob: (path: string) => boolean,
): { linked: Linked[]; problems: Problem[] } {
  const problems: Problem[] = [];
  let good = [...all];
  for (;;) {
    const found = good.flatMap((one) => {
      const references = one.references.map((reference) => resolve(one, reference, good));
      const wrong = [
        ...derivesProblems(one, good, hasJob),
        ...references.filter((reference): reference is Problem => "code" in reference),
      ];
      return [{ one, wrong, references: references as Reference[] }];
    });
    const bad = found.filter(({ wrong }) => wrong.length > 0);
    if (bad.length === 0)
      return {
        linked: found.map(({ one, references }) => ({ ...one.contract, references })),
        problems,
      };
    problems.push(...bad.flatMap(({ wrong }) => wrong));
    good = found.filter(({ wrong }) => wrong.length === 0).map(({ one }) => one);
  }
}

function derivesProblems(
  one: Good,
  all: readonly Good[],
  hasJob: (path: string) => boolean,
): Problem[] {
  const tables = all.map(({ contract }) => contract.table);
  const { derives, table } = one.contract;
  const job = jobOf(one.contract);
  if (derives.length > 0 && !hasJob(job))
    return [
      one.at(
        one.derivesAt,
        "CONTRACT_DERIVES",
        `nothing computes ${table}: there is no ${job}`,
        "write it, with transform(df, ctx): docs/transformations.md shows how",
      ),
    ];
  const missing = derives.flatMap((upstream, i) =>
    tables.includes(upstream)
      ? []
      : [
          one.at(
            [...one.derivesAt, i],
            "CONTRACT_DERIVES",
            `no contract in effect describes the table ${upstream}`,
            didYouMean(upstream, tables) ?? `known are ${tables.join(", ")}`,
          ),
        ],
  );
  if (missing.length > 0) return missing;
  const cycle = cycleFrom(table, all);
  return cycle
    ? [
        one.at(
          one.derivesAt,
          "CONTRACT_DERIVES",
          `the table would be computed from itself: ${cycle.join(" <- ")}`,
          "leave one of these out",
        ),
      ]
    : [];
}

/** The way from a table over what it is derived from back to it. */
function cycleFrom(table: string, all: readonly Good[]): string[] | null {
  const upstream = new Map(all.map(({ contract }) => [contract.table, contract.derives]));
  const seen = new Set<string>();
  const walk = (at: string, way: string[]): string[] | null => {
    for (const next of upstream.get(at) ?? []) {
      if (next === table) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = walk(next, [...way, next]);
      if (found) return found;
    }
    return null;
  };
  return walk(table, [table]);
}

function resolve(one: Good, reference: OpenReference, all: readonly Good[]): Reference | Problem {
  const { path, dataset, major, ...rest } = reference;
  const fail = (what: string, fix: string) =>
    one.at([...path, "to"], "CONTRACT_REFERENCE", what, fix);
  const named = all.map(({ contract }) => `${contract.domain}.${contract.dataset}`);
  const target = all[named.indexOf(dataset)]?.contract;
  if (!target)
    return fail(
      `no contract in effect describes ${dataset}`,
      didYouMean(dataset, named) ?? `known are ${named.join(", ")}`,
    );
  if (major !== null && target.table !== `${dataset}_v${major}`)
    return fail(`the table of ${dataset} is ${target.table}`, `write ${target.table}`);
  for (const [i, name] of rest.to.entries()) {
    const names = target.columns.map((column) => column.name);
    const column = target.columns.find((candidate) => candidate.name === name);
    if (!column)
      return fail(
        `${target.table} has no column '${name}'`,
        didYouMean(name, names) ?? `known are ${names.join(", ")}`,
      );
    const own = one.contract.columns.find((candidate) => candidate.name === rest.columns[i])!;
    if (!comparable(own.type.kind, column.type.kind))
      return fail(
        `${own.name} is a ${spellType(own.type)}, ${target.table}.${name} a ${spellType(column.type)}`,
        "give both the same type",
      );
  }
  return { ...rest, table: target.table };
}

const numbers = ["int", "long", "decimal"];
const comparable = (a: string, b: string): boolean =>
  a === b || (numbers.includes(a) && numbers.includes(b));
