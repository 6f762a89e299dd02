import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { limitLog } from "./log-limit.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridata-log-limit-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("cuts a log that is too large, and its writer goes on in it", () => {
  const log = join(dir, "spark.log");
  const writer = openSync(log, "a");
  writeSync(writer, "one\ntwo\n");
  expect(limitLog(log, 8)).toBe(false);
  writeSync(writer, "three\n");
  expect(limitLog(log, 8)).toBe(true);
  writeSync(writer, "four\n");
  closeSync(writer);
  expect(readFileSync(log, "utf8")).toBe("four\n");
  expect(readFileSync(`${log}.1`, "utf8")).toBe("one\ntwo\nthree\n");
});
