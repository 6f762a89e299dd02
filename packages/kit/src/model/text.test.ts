import { expect, test } from "vitest";
import { closest } from "./text.ts";

const known = ["dev", "down", "drop", "doctor", "transactions"];

test.each([
  ["dorp", "drop"],
  ["DEV", "dev"],
  ["transaction", "transactions"],
  ["tranactoins", "transactions"],
  ["kubernetes", null],
])("%s means %s", (word, meant) => {
  expect(closest(word, known)).toBe(meant);
});
