import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { patternLetters, patternProblem } from "./dates.ts";

const forms = readFileSync(
  join(import.meta.dirname, "../../../../pipeline/src/gridata/validation/forms.py"),
  "utf8",
);

it("knows exactly the letters of dates that the validator reads", () => {
  const table = /^_PATTERN = \{\n([^]*?)^\}/m.exec(forms)![1]!;
  const read = [...table.matchAll(/^ +"(\w+)":/gm)].map((found) => found[1]!);
  expect(patternLetters.toSorted()).toEqual(read.toSorted());
});

it.each([
  ["dd.MM.yyyy", "date", null],
  ["d/M/yyyy", "date", null],
  ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "timestamptz", null],
  ["MM/dd/yyyy hh:mm a", "timestamp", null],
  ["dd.MM", "date", "no year"],
  ["dd.MM.yyyy HH:mm", "date", "timestamp"],
  ["dd.MM.yyyy hh:mm", "timestamp", "half of the day"],
  ["yyyy-MM-dd 'at HH", "timestamp", "does not end"],
] as const)("%s as %s: %s", (pattern, kind, says) => {
  expect(patternProblem(pattern, kind) ?? "").toContain(says ?? "");
  expect(patternProblem(pattern, kind) === null).toBe(says === null);
});
