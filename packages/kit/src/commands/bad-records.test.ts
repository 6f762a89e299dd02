import { expect, it } from "vitest";
import { badRecords, type BadRecord } from "./bad-records.ts";
import { style } from "./style.ts";

const bad = (more: Partial<BadRecord>): BadRecord => ({
  ...{ record: 2, line: 3, column: "amount", rule: "type", value: "1.239" },
  ...more,
});
const show = (problem: BadRecord, line?: string) =>
  badRecords([problem], new Map(line === undefined ? [] : [[3, line]]), style(false)).split("\n");

it("shows the line with a caret under the cell", () => {
  expect(show(bad({}), "11.239,Ada,1.239,x")).toEqual([
    "line 3, amount: is no value of the column's type (type)",
    "  3 | 11.239,Ada,1.239,x",
    "    |            ^^^^^",
  ]);
});

it("marks the whole record when no cell is at fault", () => {
  expect(show(bad({ column: null, rule: "cells", value: "1,Ada" }), "1,Ada")).toEqual([
    "line 3: has not as many cells as the header has columns (cells)",
    "  3 | 1,Ada",
    "    | ^^^^^",
  ]);
});

it("shows the value where the line is not at hand, and where there are no lines", () => {
  expect(show(bad({}))).toEqual([
    "line 3, amount: is no value of the column's type (type)",
    "  3 | 1.239",
    "    | ^^^^^",
  ]);
  expect(show(bad({ line: null, value: "" }))).toEqual([
    "record 2, amount: is no value of the column's type (type)",
  ]);
});

it("has no caret for what is not there", () => {
  expect(show(bad({ rule: "required", value: "" }), "1,Ada,,x")).toEqual([
    "line 3, amount: must have a value (required)",
    "  3 | 1,Ada,,x",
  ]);
});

it("shows the part of a long line that holds the cell, under its caret", () => {
  const [, line, caret] = show(bad({}), `${"a,".repeat(200)}1.239,${"b,".repeat(200)}`);
  expect(line!.length).toBeLessThan(120);
  expect(line!.slice(caret!.indexOf("^"), caret!.lastIndexOf("^") + 1)).toBe("1.239");
});

it("sends nothing to the terminal that a file put there to act on it", () => {
  const [, line] = show(bad({ value: "\u001b[2J" }), "1,\u001b[2J,\u202e");
  expect(line).toBe("  3 | 1,␦[2J,␦");
});
