import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { limitLog } from "../runtimes/host/log-limit.ts";
import { readEntries } from "./read.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridata-rotated-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("what was cut is still read, before what came after it", async () => {
  const log = join(dir, "spark.log");
  const line = (n: number) => `26/11/24 10:00:0${n} INFO A: entry ${n}\n`;
  appendFileSync(log, line(1) + line(2));
  limitLog(log, 10);
  appendFileSync(log, line(3));
  const texts = async (count: number | null, wanted = {}) =>
    (await readEntries(log, "spark", wanted, count)).entries.map(({ message }) => message);
  expect(await texts(null)).toEqual(["entry 1", "entry 2", "entry 3"]);
  expect(await texts(2)).toEqual(["entry 2", "entry 3"]);
  expect(await texts(1)).toEqual(["entry 3"]);
  expect(await texts(5, { ids: ["entry 1"] })).toEqual(["entry 1"]);
  expect(await texts(null, { since: Date.parse("2026-11-24T10:00:02Z") })).toEqual([
    "entry 2",
    "entry 3",
  ]);
});
