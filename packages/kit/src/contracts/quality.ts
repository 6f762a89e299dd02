/** Quality rules of the table and of its columns. */
import type { Column, Comparison, QualityRule } from "../model/contract.ts";
import {
  columnOf,
  isMembers,
  list,
  textOf,
  type Members,
  type Path,
  type Reader,
} from "./reader.ts";

const comparisons: readonly Comparison[] = [
  ...(["mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo"] as const),
  ...(["mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween"] as const),
];
/** Arguments of each metric, and whether it is one of the table, of a column, or of either. */
const metrics: Record<string, { arguments: string[]; of: ("table" | "column")[] }> = {
  rowCount: { arguments: [], of: ["table"] },
  nullValues: { arguments: [], of: ["column"] },
  missingValues: { arguments: ["missingValues"], of: ["column"] },
  invalidValues: { arguments: ["validValues", "pattern"], of: ["column"] },
  duplicateValues: { arguments: ["properties"], of: ["table", "column"] },
};

export function readQuality(
  reader: Reader,
  base: Path,
  table: Members,
  columns: readonly Column[],
): QualityRule[] {
  const rules: { path: Path; rule: QualityRule }[] = [];
  const read = (path: Path, of: Members, column: string | null) =>
    list(of["quality"]).forEach((entry, i) => {
      const at = [...path, "quality", i];
      const rule = isMembers(entry) ? readRule(reader, at, entry, column, columns) : null;
      if (rule) rules.push({ path: at, rule });
    });
  read(base, table, null);
  list(table["properties"]).forEach((property, i) => {
    if (isMembers(property)) read([...base, "properties", i], property, textOf(property["name"]));
  });
  const named = new Set<string>();
  return rules.map(({ path, rule }) => {
    let name = rule.name;
    const given = rule.name !== "";
    if (!given) name = [rule.column, rule.metric ?? "sql"].filter(Boolean).join("_");
    for (let n = 2; !given && named.has(name); n++) name = name.replace(/(_\d+)?$/, `_${n}`);
    if (named.has(name))
      fail(reader, [...path, "name"], `two rules are called '${name}'`, "rename one");
    named.add(name);
    return { ...rule, name };
  });
}

const fail = (reader: Reader, path: Path, what: string, fix: string) =>
  reader.fail(path, "CONTRACT_QUALITY", what, fix);

function readRule(
  reader: Reader,
  path: Path,
  given: Members,
  column: string | null,
  columns: readonly Column[],
): QualityRule | null {
  const type = given["type"] ?? "library";
  // Words for people, and rules of other tools.
  if (type === "text" || type === "custom") return null;
  const sql = type === "sql";
  const metric = sql ? null : readMetric(reader, path, given, column, columns);
  const query = sql ? readQuery(reader, path, given, column) : null;
  const compared = readComparison(reader, path, given);
  if (!compared || (sql ? query === null : metric === null)) return null;
  const unit = reader.word([...path, "unit"], given["unit"], ["rows", "percent"], "rows");
  if (unit === "percent" && (sql || metric === "rowCount"))
    fail(
      reader,
      [...path, "unit"],
      `${sql ? "the value of a query" : "rowCount"} has no percent`,
      "leave the unit out",
    );
  return {
    ...{ name: textOf(given["name"]) ?? "", kind: sql ? "sql" : "library" },
    ...{ metric, column, query, unit, ...compared },
    arguments: isMembers(given["arguments"]) ? given["arguments"] : {},
    severity: reader.word([...path, "severity"], given["severity"], ["error", "warning"], "error"),
  };
}

function readMetric(
  reader: Reader,
  path: Path,
  given: Members,
  column: string | null,
  columns: readonly Column[],
): string | null {
  const member = given["metric"] === undefined && given["rule"] !== undefined ? "rule" : "metric";
  const name = textOf(given[member]);
  if (name === null)
    return fail(
      reader,
      path,
      "the rule has no metric",
      `add metric: one of ${Object.keys(metrics).join(", ")}`,
    );
  const before = reader.problems.length;
  reader.word([...path, member], name, Object.keys(metrics), "rowCount");
  const metric = metrics[name];
  if (!metric) return null;
  if (!metric.of.includes(column === null ? "table" : "column"))
    fail(
      reader,
      path,
      `${name} is a metric of ${metric.of.join(" or ")}s`,
      column === null ? "put the rule under its column" : "put the rule under the table's quality",
    );
  const args = given["arguments"];
  if (isMembers(args)) {
    const at = [...path, "arguments"];
    reader.noOthers(at, args, metric.arguments);
    for (const one of list(args["properties"]).map(String))
      columnOf(reader, [...at, "properties"], "CONTRACT_QUALITY", one, columns);
  }
  if (
    name === "duplicateValues" &&
    column === null &&
    !list((args as Members)?.["properties"]).length
  )
    fail(reader, path, "it does not say of which columns", "add arguments: { properties: [a, b] }");
  return reader.problems.length > before ? null : name;
}

function readQuery(
  reader: Reader,
  path: Path,
  given: Members,
  column: string | null,
): string | null {
  const query = textOf(given["query"]);
  if (query === null)
    return fail(reader, path, "the rule has no query", "add query: SELECT … FROM ${table}");
  if (!/^\s*(select|with)\b/i.test(query))
    return fail(reader, [...path, "query"], "the query is not a SELECT", "write SELECT count(*) …");
  // The standard's examples call the table object, schema or table, the column property or column; with and without $.
  const named = query
    .replaceAll(/\$?\{(?:table|object|schema)\}/gi, "${table}")
    .replaceAll(/\$?\{(?:column|property)\}/gi, column === null ? "${column}" : `\`${column}\``);
  const unknown = [...named.matchAll(/\$\{(\w+)\}/g)].find((found) => found[1] !== "table");
  if (unknown)
    return fail(
      reader,
      [...path, "query"],
      `nothing is known by the name of ${unknown[0]} here`,
      unknown[1] === "column"
        ? "put the rule under its column"
        : "known are ${table} and, in a rule of a column, ${column}",
    );
  if (!named.includes("${table}"))
    return fail(
      reader,
      [...path, "query"],
      "the query does not read ${table}",
      "write FROM ${table}",
    );
  return named;
}

function readComparison(
  reader: Reader,
  path: Path,
  given: Members,
): Pick<QualityRule, "comparison" | "expected"> | null {
  const found = comparisons.filter((name) => given[name] !== undefined);
  const [comparison] = found;
  if (!comparison || found.length > 1)
    return fail(
      reader,
      path,
      comparison
        ? `the rule compares with ${found.length} values`
        : "the rule compares with nothing",
      comparison ? `keep one of ${found.join(", ")}` : `add one of ${comparisons.join(", ")}`,
    );
  const value = given[comparison];
  const range = comparison === "mustBeBetween" || comparison === "mustNotBeBetween";
  const expected = (Array.isArray(value) ? value : [value]).map((one) =>
    typeof one === "number" ? one : Number.NaN,
  );
  if (expected.length !== (range ? 2 : 1) || expected.some(Number.isNaN))
    return fail(
      reader,
      [...path, comparison],
      `${comparison} can't be ${JSON.stringify(value)}`,
      range ? "write two numbers: [0, 10]" : "write a number",
    );
  if (range && expected[0]! > expected[1]!)
    return fail(
      reader,
      [...path, comparison],
      "the range is empty",
      "write the smaller number first",
    );
  return { comparison, expected };
}
