import { expect, it } from "vitest";
import { compileContract } from "./compile.ts";
import { linkContracts, type Good } from "./link.ts";

const contract = (dataset: string, settings = "", column = ""): Good =>
  compileContract(
    `contracts/a/${dataset}.odcs.yaml`,
    `apiVersion: v3.2.0
kind: DataContract
id: ${dataset}
version: 1.0.0
schema:
  - name: ${dataset}
    customProperties: [${settings}]
    properties:
      - { name: id, logicalType: integer${column} }
`,
    () => [],
  ) as Good;
const derives = (...from: string[]) =>
  `{ vendor: gridata, property: derives, value: [${from.join(", ")}] }`;
const all = () => true;
const refers = (to: string) => `, relationships: [{ to: ${to} }]`;

it("resolves references to tables, and derived tables to what there is", () => {
  const { linked, problems } = linkContracts(
    [
      contract("x"),
      contract("y", derives("a.x_v1"), refers("x.id")),
      contract("z", derives("a.x_v1", "a.y_v1"), refers("a.y_v1.id")),
    ],
    all,
  );
  expect(problems).toEqual([]);
  expect(linked.map(({ references }) => references)).toEqual([
    [],
    [{ columns: ["id"], to: ["id"], name: "id_in_x", severity: "error", table: "a.x_v1" }],
    [{ columns: ["id"], to: ["id"], name: "id_in_y_v1", severity: "error", table: "a.y_v1" }],
  ]);
});

it.each([
  ["a table that there is none of", [contract("x", derives("a.y_v1"))], "no contract in effect", 1],
  ["itself", [contract("x", derives("a.x_v1"))], "a.x_v1 <- a.x_v1", 1],
  [
    "a circle of three, with the one that hangs on it",
    [
      contract("x", derives("a.y_v1")),
      contract("y", derives("a.z_v1")),
      contract("z", derives("a.x_v1")),
      contract("w", derives("a.x_v1")),
    ],
    "a.x_v1 <- a.y_v1 <- a.z_v1 <- a.x_v1",
    4,
  ],
  [
    "another version",
    [contract("x"), contract("y", "", refers("a.x_v2.id"))],
    "the table of a.x is a.x_v1",
    1,
  ],
  [
    "a column that is not there",
    [contract("x"), contract("y", "", refers("x.idd"))],
    "no column",
    1,
  ],
])("refuses what names %s", (_, contracts, says, count) => {
  const { problems } = linkContracts(contracts, all);
  expect(problems).toHaveLength(count);
  expect(problems[0]!.what).toContain(says);
});

it("refuses a derived table that nothing computes, and what is derived from it", () => {
  const contracts = [
    ...[contract("x"), contract("y", derives("a.x_v1")), contract("z", derives("a.y_v1"))],
  ];
  const { linked, problems } = linkContracts(contracts, (path) => path !== "spark-jobs/a_y/job.py");
  expect(linked.map(({ dataset }) => dataset)).toEqual(["x"]);
  expect(problems).toMatchObject([
    {
      code: "CONTRACT_DERIVES",
      line: 7,
      what: expect.stringContaining("no spark-jobs/a_y/job.py"),
    },
    { code: "CONTRACT_DERIVES", what: expect.stringContaining("a.y_v1") },
  ]);
});
