import { expect, it } from "vitest";
import { compileContract } from "./compile.ts";

/** A contract of one table, from the lines of its properties and columns. */
const contract = (settings: string[], columns: string[], rest = "") =>
  `apiVersion: v3.2.0
kind: DataContract
id: a
version: 2.0.0
schema:
  - name: b
    customProperties:
${settings.map((one) => `      - { vendor: gridata, ${one} }\n`).join("")}
    properties:
${columns.map((one) => `      - ${one}\n`).join("")}${rest}`;
const compile = (text: string) => compileContract("contracts/a/b.odcs.yaml", text, () => []);

const id = "{ name: id, logicalType: integer, primaryKey: true, required: true }";
const text = "{ name: t, logicalType: string }";
const at = "{ name: at, logicalType: timestamp, required: true }";
const day = "{ name: d, logicalType: date, required: true }";
const amount = "{ name: amount, logicalType: number, physicalType: 'decimal(6,2)' }";
const list = "{ name: tags, logicalType: array, items: { logicalType: string } }";

const setting = (name: string, value: string) => `property: ${name}, value: ${value}`;
const column = (members: string) => `{ name: c, ${members} }`;
const options = (type: string, of: string) =>
  column(`logicalType: ${type}, logicalTypeOptions: { ${of} }`);

interface Case {
  settings?: string[];
  columns?: string[];
  rest?: string;
  code: string;
  says: string;
}

const cases: Record<string, Case> = {
  "a property of the kit that is mistyped": {
    settings: [setting("partiton", "day(at) as dt")],
    ...{ code: "CONTRACT_WORD_UNKNOWN", says: "did you mean 'partition'?" },
  },
  "a property said twice": {
    settings: [setting("mode", "append"), setting("mode", "append")],
    ...{ code: "CONTRACT_SETTING", says: "said twice" },
  },
  "two text formats": {
    settings: [setting("format", "[csv, jsonl]")],
    ...{ code: "CONTRACT_SETTING", says: "both texts" },
  },
  "a list in a CSV": {
    columns: [list],
    ...{ code: "CONTRACT_TYPE_MISMATCH", says: "tags is a array<string>" },
  },
  "a list where one of the formats is a sheet": {
    settings: [setting("format", "[parquet, excel]")],
    columns: [list],
    ...{ code: "CONTRACT_TYPE_MISMATCH", says: "a cell of excel" },
  },
  "a mistyped member of the dialect": {
    settings: [setting("dialect", "{ delimeter: ';' }")],
    ...{ code: "CONTRACT_WORD_UNKNOWN", says: "did you mean 'delimiter'?" },
  },
  "a sheet of a CSV": {
    settings: [setting("dialect", "{ sheet: a }")],
    ...{ code: "CONTRACT_DIALECT", says: "'sheet' means nothing in csv" },
  },
  "a delimiter of two characters": {
    settings: [setting("dialect", "{ delimiter: '||' }")],
    ...{ code: "CONTRACT_DIALECT", says: "one ASCII character" },
  },
  "a tab in single quotes": {
    settings: [setting("dialect", "{ delimiter: '\\t' }")],
    ...{ code: "CONTRACT_DIALECT", says: "in double quotes" },
  },
  "a quote that is the delimiter": {
    settings: [setting("dialect", "{ delimiter: ';', quote: ';' }")],
    ...{ code: "CONTRACT_DIALECT", says: "the same" },
  },
  "an encoding that is not known": {
    settings: [setting("dialect", "{ encoding: latin-2 }")],
    ...{ code: "CONTRACT_WORD_UNKNOWN", says: "did you mean 'latin-1'?" },
  },
  "decimal commas of JSON": {
    settings: [setting("format", "json"), setting("dialect", "{ decimal: ',' }")],
    ...{ code: "CONTRACT_DIALECT", says: "JSON says itself how numbers" },
  },
  "JSON in latin-1": {
    settings: [setting("format", "[jsonl, parquet]"), setting("dialect", "{ encoding: latin-1 }")],
    ...{ code: "CONTRACT_DIALECT", says: "jsonl is UTF-8" },
  },
  "one text for both booleans": {
    settings: [setting("dialect", "{ trueTexts: [yes, 'N'], falseTexts: ['n'] }")],
    ...{ code: "CONTRACT_DIALECT", says: "'n' is true and false" },
  },
  "thousands as decimals": {
    settings: [setting("dialect", "{ decimal: ',', thousands: ',' }")],
    ...{ code: "CONTRACT_DIALECT", says: "the same" },
  },
  "a negative number of lines": {
    settings: [setting("dialect", "{ skipRows: -1 }")],
    ...{ code: "CONTRACT_DIALECT", says: "a number of lines" },
  },
  "a limit in an unknown unit": {
    settings: [setting("limits", "{ bytes: 5 parsecs }")],
    ...{ code: "CONTRACT_LIMIT", says: "5 GiB" },
  },
  "a mistyped limit": {
    settings: [setting("limits", "{ lineByte: 5 }")],
    ...{ code: "CONTRACT_WORD_UNKNOWN", says: "did you mean 'lineBytes'?" },
  },
  "a threshold above 100 %": {
    settings: [setting("errorThreshold", "101%")],
    ...{ code: "CONTRACT_THRESHOLD", says: "1% or 20" },
  },
  "an upsert without a key": {
    settings: [setting("mode", "upsert")],
    columns: [text],
    ...{ code: "CONTRACT_MODE", says: "needs a key" },
  },
  "an order that names no column": {
    settings: [setting("mode", "upsert"), setting("order", "[att]")],
    columns: [id, at],
    ...{ code: "CONTRACT_MODE", says: "did you mean 'at'?" },
  },
  "an order of an append": {
    settings: [setting("order", "[at]")],
    columns: [id, at],
    ...{ code: "CONTRACT_MODE", says: "means nothing in mode append" },
  },
  "a tombstone value that is not of the column's type": {
    settings: [setting("mode", "upsert"), setting("tombstone", "{ column: id, values: [gone] }")],
    columns: [id],
    ...{ code: "CONTRACT_MODE", says: "'gone' is no value of id" },
  },
  "whole partitions of a table without any": {
    settings: [setting("mode", "replace-partitions"), setting("partition", "['bucket(4, id)']")],
    columns: [id],
    ...{ code: "CONTRACT_MODE", says: "no partition can be replaced" },
  },
  "whole partitions by a column that may be NULL": {
    settings: [setting("mode", "replace-partitions"), setting("partition", "[t]")],
    columns: [text],
    ...{ code: "CONTRACT_MODE", says: "required: true" },
  },
  "the same file appended again, with a key": {
    settings: [setting("redelivery", "apply")],
    columns: [id],
    ...{ code: "CONTRACT_MODE", says: "repeat values" },
  },
  "a day of a text": {
    settings: [setting("partition", "day(t) as dt")],
    columns: [text],
    ...{ code: "CONTRACT_PARTITION", says: "day does not work on t" },
  },
  "hours of a date": {
    settings: [setting("partition", "hour(d)")],
    columns: [day],
    ...{ code: "CONTRACT_PARTITION", says: "hour does not work on d" },
  },
  "a partition that is called as a column": {
    settings: [setting("partition", "day(at) as t")],
    columns: [at, text],
    ...{ code: "CONTRACT_PARTITION", says: "'t' is a column already" },
  },
  "two partitions by one time": {
    settings: [setting("partition", "[day(at) as dt, hour(at)]")],
    columns: [at],
    ...{ code: "CONTRACT_PARTITION", says: "splits by at already" },
  },
  "a name that no column can have": {
    columns: ["{ name: 'Straße Nr.', logicalType: string }"],
    ...{ code: "CONTRACT_COLUMN", says: 'name: Strasse_Nr, physicalName: "Straße Nr."' },
  },
  "two columns that differ by case": {
    columns: ["{ name: Id, logicalType: string }", id],
    ...{ code: "CONTRACT_COLUMN", says: "there twice" },
  },
  "two columns from one": {
    columns: [text, "{ name: u, physicalName: t, logicalType: string }"],
    ...{ code: "CONTRACT_COLUMN", says: "two columns are read from 't'" },
  },
  "a key with a gap": {
    columns: [id, column("logicalType: string, primaryKey: true, primaryKeyPosition: 3")],
    ...{ code: "CONTRACT_COLUMN", says: "number them from 1 to 2" },
  },
  "a key of floating numbers": {
    columns: [column("logicalType: number, primaryKey: true")],
    ...{ code: "CONTRACT_CONSTRAINT", says: "told apart" },
  },
  "no logical type": {
    columns: [column("physicalType: bigint")],
    ...{ code: "CONTRACT_TYPE_MISSING", says: "add logicalType" },
  },
  "a logical and a physical type that disagree": {
    columns: [column("logicalType: string, physicalType: bigint")],
    ...{ code: "CONTRACT_TYPE_MISMATCH", says: "string and bigint" },
  },
  "a decimal with more scale than precision": {
    columns: [column("logicalType: number, physicalType: 'decimal(2,3)'")],
    ...{ code: "CONTRACT_TYPE_UNKNOWN", says: "'decimal(2,3)'" },
  },
  "a time of day": {
    columns: [column("logicalType: time")],
    ...{ code: "CONTRACT_TYPE_UNKNOWN", says: "string with a pattern" },
  },
  "an array of nothing": {
    settings: [setting("format", "jsonl")],
    columns: [column("logicalType: array")],
    ...{ code: "CONTRACT_TYPE_MISSING", says: "add items" },
  },
  "a pattern inside of a list": {
    settings: [setting("format", "jsonl")],
    columns: [
      column(
        "logicalType: array, items: { logicalType: string, logicalTypeOptions: { pattern: a } }",
      ),
    ],
    ...{ code: "CONTRACT_NOT_ENFORCED", says: "'pattern'" },
  },
  "a pattern that looks ahead": {
    columns: [options("string", "pattern: '(?=a)b'")],
    ...{ code: "CONTRACT_PATTERN", says: "RE2" },
  },
  "an enum value of another type": {
    columns: [column("logicalType: integer, enum: [{ value: 1 }, { value: one }]")],
    ...{ code: "CONTRACT_CONSTRAINT", says: "'one' is no value of bigint" },
  },
  "a minimum that the type would round": {
    columns: [amount.replace(" }", ", logicalTypeOptions: { minimum: 0.005 } }")],
    ...{ code: "CONTRACT_CONSTRAINT", says: "more digits than decimal(6,2)" },
  },
  "a minimum that is above the maximum": {
    columns: [options("integer", "minimum: 9007199254740993, maximum: 9007199254740992")],
    ...{ code: "CONTRACT_CONSTRAINT", says: "9007199254740993" },
  },
  "a maximum that is no date": {
    columns: [options("date", "maximum: '2026-02-30'")],
    ...{ code: "CONTRACT_CONSTRAINT", says: "not a date" },
  },
  "what nothing would hold a value to": {
    columns: [options("integer", "multipleOf: 5")],
    ...{ code: "CONTRACT_NOT_ENFORCED", says: "multipleOf" },
  },
  "a date pattern with unknown letters": {
    columns: [options("date", "format: 'dd-QQ-yyyy'")],
    ...{ code: "CONTRACT_DATE_FORMAT", says: "'QQ' is not among yyyy" },
  },
  "an instant without a zone": {
    columns: [options("timestamp", "format: 'yyyy-MM-dd HH:mm'")],
    ...{ code: "CONTRACT_DATE_FORMAT", says: "it has no zone" },
  },
  "a metric that does not exist": {
    columns: [column("logicalType: string, quality: [{ metric: nulValues, mustBe: 0 }]")],
    ...{ code: "CONTRACT_WORD_UNKNOWN", says: "did you mean 'nullValues'?" },
  },
  "a metric of columns on the table": {
    rest: "    quality: [{ metric: nullValues, mustBe: 0 }]\n",
    ...{ code: "CONTRACT_QUALITY", says: "put the rule under its column" },
  },
  "a query that reads something else": {
    rest: "    quality: [{ type: sql, query: SELECT 1, mustBe: 0 }]\n",
    ...{ code: "CONTRACT_QUALITY", says: "does not read ${table}" },
  },
  "a rule with two comparisons": {
    rest: "    quality: [{ metric: rowCount, mustBe: 0, mustBeLessThan: 1 }]\n",
    ...{ code: "CONTRACT_QUALITY", says: "compares with 2 values" },
  },
  "a severity that does not exist": {
    rest: "    quality: [{ metric: rowCount, mustBe: 0, severity: warnin }]\n",
    ...{ code: "CONTRACT_WORD_UNKNOWN", says: "did you mean 'warning'?" },
  },
  "a reference of too few columns": {
    rest: "    relationships: [{ from: [b.id], to: [c.x, c.y] }]\n",
    ...{ code: "CONTRACT_REFERENCE", says: "1 columns can't refer to 2" },
  },
  "freshness of a text": {
    columns: [text],
    rest: "slaProperties: [{ property: freshness, value: 1, unit: d, element: b.t }]\n",
    ...{ code: "CONTRACT_FRESHNESS", says: "no date and no time" },
  },
  "freshness in an unknown unit": {
    columns: [at],
    rest: "slaProperties: [{ property: freshness, value: 1, unit: fortnight, element: b.at }]\n",
    ...{ code: "CONTRACT_FRESHNESS", says: "no unit of time" },
  },
};

it.each(Object.entries(cases))(
  "refuses %s",
  (_, { settings = [], columns = [id], rest, ...say }) => {
    const { contract: compiled, problems } = compile(contract(settings, columns, rest));
    expect(compiled).toBeNull();
    expect(problems.map(({ code }) => code)).toContain(say.code);
    const told = problems.map(({ what, fix }) => `${what} | ${fix}`).join("\n");
    expect(told).toContain(say.says);
  },
);

const compiled = (settings: string[], columns: string[], rest?: string) => {
  const found = compile(contract(settings, columns, rest));
  expect(found.problems).toEqual([]);
  return found.contract!;
};

it("knows nested types from properties, items, map and from one line", () => {
  const { columns, iceberg } = compiled(
    [setting("format", "[jsonl, parquet]"), setting("compression", "auto")],
    [
      `{ name: address, logicalType: object, properties: [
           { name: zip, physicalName: zip-code, logicalType: string, required: true, classification: pii },
           { name: at, logicalType: array, items: { logicalType: integer, physicalType: int } } ] }`,
      "{ name: m, logicalType: map, map: { key: { logicalType: string }, value: { logicalType: number } } }",
      "{ name: p, logicalType: object, physicalType: 'struct<a:int,b:map<string,decimal(4,1)>>' }",
    ],
  );
  expect(columns.map(({ type }) => type)).toMatchObject([
    {
      kind: "struct",
      fields: [
        { name: "zip", source: "zip-code", required: true, classification: "pii" },
        { name: "at", source: "at", type: { kind: "list", element: { kind: "int" } } },
      ],
    },
    { kind: "map", key: { kind: "string" }, value: { kind: "double" } },
    { kind: "struct", fields: [{ name: "a" }, { name: "b", type: { kind: "map" } }] },
  ]);
  const ids = JSON.stringify(iceberg.schema).match(/"(id|(?:element|key|value)-id)":\d+/g)!;
  expect(new Set(ids.map((one) => one.split(":")[1])).size).toBe(ids.length);
});

it("fills in what is not said: the escape of a quote, redelivery by mode, the columns of an upsert", () => {
  const upsert = compiled(
    [
      setting("mode", "upsert"),
      setting("order", "at"),
      setting("tombstone", "{ column: gone, values: true }"),
      setting("dialect", `{ quote: "'", encoding: ISO-8859-1, trueTexts: [yes, 1] }`),
      setting("limits", "{ bytes: 1.5 GiB }"),
    ],
    [id, at, "{ name: gone, logicalType: boolean }"],
  );
  expect(upsert).toMatchObject({
    redelivery: "apply",
    order: ["at"],
    tombstone: { column: "gone", values: ["true"] },
    dialect: { quote: "'", escape: "'", encoding: "latin-1", trueTexts: ["yes", "1"] },
    limits: { bytes: 1.5 * 2 ** 30, columns: 2000 },
  });
  expect(upsert.iceberg.schema.fields.map(({ name }) => name).slice(-4)).toEqual([
    ...["_file_id", "_delivery_id", "_row", "_arrival"],
  ]);
});

it("keeps bounds with all of their digits, and the length of a varchar", () => {
  const { columns } = compiled(
    [],
    [
      options("integer", "maximum: 9223372036854775807"),
      "{ name: v, logicalType: string, physicalType: varchar(20) }",
    ],
  );
  expect(columns[0]!.maximum).toBe("9223372036854775807");
  expect(columns[1]!.maxLength).toBe(20);
});

it("puts the column into a query, and names rules that have no name", () => {
  const { quality } = compiled(
    [],
    [
      column(`logicalType: string, quality: [
        { metric: nullValues, mustBe: 0 }, { metric: nullValues, mustBeLessThan: 5, unit: percent },
        { type: sql, query: "SELECT count(*) FROM {object} WHERE {property} = ''", mustBe: 0 } ]`),
    ],
  );
  expect(quality.map(({ name }) => name)).toEqual(["c_nullValues", "c_nullValues_2", "c_sql"]);
  expect(quality[2]!.query).toBe("SELECT count(*) FROM ${table} WHERE `c` = ''");
});
