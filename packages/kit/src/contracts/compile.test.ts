import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileContract } from "./compile.ts";

const file = "contracts/sales/transactions.odcs.yaml";
const good = readFileSync(join(import.meta.dirname, "../../../..", file), "utf8");
const nothing = () => [];
const compile = (text: string, at = file) => compileContract(at, text, nothing);
const problemsOf = (text: string, at = file) =>
  compile(text, at).problems.map(({ code, line, fix }) => ({ code, line, fix }));
/** The line, from 1, on which a text stands. */
const lineOf = (text: string, needle: string) =>
  text.slice(0, text.indexOf(needle)).split("\n").length;

describe("a contract", () => {
  it("becomes the one form that every part reads", () => {
    const { contract, problems } = compile(good);
    expect(problems).toEqual([]);
    expect(contract).toMatchObject({
      domain: "sales",
      dataset: "transactions",
      table: "sales.transactions_v1",
      formats: ["csv"],
      mode: "append",
      redelivery: "ignore",
      errorThreshold: { kind: "share", value: 0.01 },
      partition: [
        { transform: "day", column: "occurred_at", name: "dt" },
        { transform: "bucket", width: 8, column: "account_id", name: "account_id_bucket" },
      ],
      freshness: { column: "occurred_at", seconds: 86_400 },
    });
    expect(contract!.columns.find(({ name }) => name === "amount")!.type).toEqual({
      kind: "decimal",
      precision: 12,
      scale: 2,
    });
    expect(contract!.iceberg.schema.fields.at(-1)).toEqual({
      id: 11,
      name: "_row",
      required: false,
      type: "long",
    });
    expect(contract!.iceberg.spec.fields).toEqual([
      { "source-id": 3, "field-id": 1000, name: "dt", transform: "day" },
      { "source-id": 2, "field-id": 1001, name: "account_id_bucket", transform: "bucket[8]" },
    ]);
  });

  it("tells all of its problems at once, each with its line and what was probably meant", () => {
    const bad = good
      .replace("physicalType: bigint", "physicalType: bigimt")
      .replace("day(occurred_at) as dt", "day(occured_at) as dt")
      .replace("property: mode, value: append", "property: mode, value: apend");
    expect(problemsOf(bad)).toEqual([
      { code: "CONTRACT_WORD_UNKNOWN", line: lineOf(bad, "apend"), fix: "did you mean 'append'?" },
      {
        code: "CONTRACT_PARTITION",
        line: lineOf(bad, "occured_at"),
        fix: "did you mean 'occurred_at'?",
      },
      {
        code: "CONTRACT_TYPE_UNKNOWN",
        line: lineOf(bad, "bigimt"),
        fix: "did you mean 'bigint'?",
      },
    ]);
  });

  it("must lie where its name says, and be YAML", () => {
    expect(problemsOf(good, "contracts/Sales/transactions.odcs.yaml")[0]!.code).toBe(
      "CONTRACT_PLACE",
    );
    expect(problemsOf(good, "contracts/other/transactions.odcs.yaml")[0]!.code).toBe(
      "CONTRACT_PLACE",
    );
    expect(problemsOf("a: [1\nb: }")[0]!.code).toBe("CONTRACT_NOT_YAML");
    expect(problemsOf("")[0]!.code).toBe("CONTRACT_EMPTY");
  });

  it("is not in effect when the standard says no, whatever the kit makes of it", () => {
    const says = () => [{ path: ["kind"], what: "must be DataContract", near: null }];
    const { contract, problems } = compileContract(file, good, says);
    expect(contract).toBeNull();
    expect(problems).toMatchObject([
      { code: "CONTRACT_STANDARD", line: lineOf(good, "kind:"), what: "must be DataContract" },
    ]);
  });
});
