import { describe, expect, it } from "vitest";
import fc from "fast-check";
import {
  auditBranch,
  checkName,
  newBatchId,
  parseDataset,
  parseDropKey,
  parseRunId,
  runId,
  safeName,
} from "./names.ts";

describe("batch ids", () => {
  it("sort by time", () => {
    expect(newBatchId(1_000) < newBatchId(2_000)).toBe(true);
    expect(newBatchId(1_763_000_000_000) < newBatchId(1_763_000_000_001)).toBe(true);
  });
  it("make a run id that parses back", () => {
    const batch = newBatchId();
    expect(parseRunId(runId("default", batch, 3))).toEqual({ world: "default", batch, attempt: 3 });
    expect(auditBranch(batch, 3)).toBe(`audit_${batch}_3`);
  });
  it("are refused in any other form", () => {
    for (const id of [
      "default.b1.1",
      "default",
      "Default.b0123456789abc.1",
      `a.${newBatchId()}.0`,
      `a.${newBatchId()}.1.2`,
    ])
      expect(parseRunId(id)).toBeNull();
  });
});

describe("safeName", () => {
  it("never yields a path, a hidden name or an unsafe character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (name) => {
        expect(safeName(name)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/);
      }),
    );
  });
  it("keeps the ending of a long name", () => {
    expect(safeName("x".repeat(300) + ".csv")).toHaveLength(120);
    expect(safeName("x".repeat(300) + ".csv").endsWith(".csv")).toBe(true);
  });
  it.each([
    ["../../etc/passwd", "etc_passwd"],
    ["Umsätze März.csv", "Umsa_tze_Ma_rz.csv"],
    ["\n", "file"],
  ])("%j becomes %j", (name, safe) => expect(safeName(name)).toBe(safe));
});

describe("names", () => {
  it("says what form is wanted", () => {
    expect(() => checkName("world", "My World")).toThrow(/not a valid world name/);
    expect(() => parseDataset("sales")).toThrow(/<domain>\.<dataset>/);
    expect(parseDataset("sales.transactions")).toEqual({
      domain: "sales",
      dataset: "transactions",
    });
  });
  it("reads the parts of a drop key", () => {
    expect(parseDropKey("w1/drop/sales/transactions/id/a.csv")).toEqual({
      world: "w1",
      domain: "sales",
      dataset: "transactions",
      rest: "id/a.csv",
    });
    for (const key of ["w1/drop/sales/a.csv", "w1/parquet/sales/t/b/1/f.parquet", "W/drop/a/b/c"])
      expect(parseDropKey(key), key).toBeNull();
  });
});
