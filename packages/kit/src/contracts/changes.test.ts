import { expect, it } from "vitest";
import { contractChanges } from "./changes.ts";
import { compileContract } from "./compile.ts";

const told = (columns: string[], settings: string[] = [], version = "1.0.0") => {
  const { contract, problems } = compileContract(
    "contracts/a/b.odcs.yaml",
    `apiVersion: v3.2.0
kind: DataContract
id: a
version: ${version}
schema:
  - name: b
    customProperties: [${["property: format, value: jsonl", ...settings].map((one) => `{ vendor: gridata, ${one} }`).join(", ")}]
    properties:
${columns.map((one) => `      - ${one}\n`).join("")}`,
    () => [],
  );
  expect(problems).toEqual([]);
  return contract!;
};
const id =
  "{ name: id, logicalType: integer, physicalType: int, required: true, primaryKey: true }";
const at = "{ name: at, logicalType: timestamp }";
const typed = (logical: string, physical: string) =>
  `{ name: c, logicalType: ${logical}, physicalType: '${physical}' }`;
const upsert = "property: mode, value: upsert";

it("nothing changed means nothing", () => {
  expect(
    contractChanges(told([id]), told([id.replace("required", "description: x, required")])),
  ).toEqual([]);
});

it.each([
  ["a column that is added", told([id]), told([id, at]), "column at is added"],
  [
    "int to bigint",
    told([typed("integer", "int")]),
    told([typed("integer", "bigint")]),
    "widened from int to long",
  ],
  [
    "a decimal with more digits before the point",
    told([typed("number", "decimal(5,2)")]),
    told([typed("number", "decimal(9,2)")]),
    "widened",
  ],
  [
    "a field of a struct that is added",
    told([typed("object", "struct<a:int>")]),
    told([typed("object", "struct<a:bigint,b:string>")]),
    "column c.a is widened",
  ],
  [
    "a rule of a column",
    told([at]),
    told([at.replace(" }", ", required: true }")]),
    "at: required",
  ],
  ["a limit", told([id]), told([id], ["property: limits, value: { columns: 3 }"]), "limits"],
  ["a new major version", told([id]), told([at], [], "2.0.0"), "a new table, a.b_v2"],
])("%s is in effect with the next batch", (_, before, after, says) => {
  const changes = contractChanges(before, after);
  expect(changes.map(({ effect }) => effect)).not.toContain("migration");
  expect(changes.map(({ what }) => what).join("\n")).toContain(says);
});

it.each([
  ["a column that is gone", told([id, at]), told([id]), "column at would be dropped"],
  [
    "bigint to int",
    told([typed("integer", "bigint")]),
    told([typed("integer", "int")]),
    "from long to int",
  ],
  [
    "a decimal with more digits behind the point",
    told([typed("number", "decimal(5,2)")]),
    told([typed("number", "decimal(9,3)")]),
    "from decimal(5, 2) to decimal(9, 3)",
  ],
  [
    "a text that becomes a list",
    told([typed("string", "string")]),
    told([typed("array", "array<string>")]),
    "to list",
  ],
  [
    "keys of a map",
    told([typed("map", "map<int,int>")].map((one) => one.replace("map,", "object,"))),
    told([typed("object", "map<bigint,int>")]),
    "the keys of column c",
  ],
  ["another mode", told([id]), told([id], [upsert]), "kept by 'upsert by id in order of arrival'"],
  [
    "another order",
    told([id, at], [upsert]),
    told([id, at], [upsert, "property: order, value: at"]),
    "in order of at, arrival",
  ],
  [
    "another partition",
    told([at]),
    told([at], ["property: partition, value: day(at) as dt"]),
    "day of at as dt",
  ],
])("%s is not in effect until the table is migrated", (_, before, after, says) => {
  const changes = contractChanges(before, after).filter(({ effect }) => effect === "migration");
  expect(changes.map(({ what }) => what).join("\n")).toContain(says);
});
