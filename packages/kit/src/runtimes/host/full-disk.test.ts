import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sayWithReserve } from "./full-disk.ts";

let folder: string;
let reserve: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gridata-full-"));
  reserve = join(folder, "reserve");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const fail = (code: string) => {
  throw Object.assign(new Error(code), { code });
};

it("room is kept while there is some, and given up when there is none", () => {
  let said = 0;
  sayWithReserve(reserve, () => said++);
  expect(statSync(reserve).size).toBeGreaterThan(100_000);
  // The disk is full for as long as the room is kept.
  sayWithReserve(reserve, () => (existsSync(reserve) ? fail("ENOSPC") : said++));
  expect([said, existsSync(reserve)]).toEqual([2, false]);
});

it("what can't be said at all ends nobody, another failure is one", () => {
  sayWithReserve(reserve, () => fail("ENOSPC"));
  expect(() => sayWithReserve(reserve, () => fail("EACCES"))).toThrow("EACCES");
});
