import { expect, it } from "vitest";
import { namePattern } from "./test-programs.ts";

it("a name is found as reports write it, and as Vitest does; nothing in it is a pattern", () => {
  const found = (text: string, name: string) => new RegExp(namePattern(text)).test(name);
  expect(found("killed at publish.commit:after", "killed > at publish.commit:after")).toBe(true);
  expect(found("at publish.commit", "killed > at publish.commit:after")).toBe(true);
  expect(found("drop --wait (10)", "files > drop --wait (10): refused")).toBe(true);
  expect(found("at publish.commit", "killed > at publish-commit:after")).toBe(false);
});
