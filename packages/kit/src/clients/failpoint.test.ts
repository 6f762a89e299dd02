import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { failpoints } from "./failpoint.ts";

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), "gridata-failpoint-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function watched(environment: NodeJS.ProcessEnv) {
  const signals: string[] = [];
  return { signals, points: failpoints("gateway", environment, (signal) => signals.push(signal)) };
}

it("armed by the environment strikes at its side of its point only", async () => {
  const { signals, points } = watched({ GRIDATA_FAILPOINT: "gateway.upload:after:kill" });
  points.at("upload", "before", "w1");
  points.at("rename", "after", "w1");
  expect(signals).toEqual([]);
  await points.around("upload", "w1", async () => expect(signals).toEqual([]));
  expect(signals).toEqual(["SIGKILL"]);
});

it("armed by a file strikes once, in that world only, and leaves its pid", () => {
  const { signals, points } = watched({ GRIDATA_FAILPOINTS_DIR: dir });
  const file = join(dir, "gateway.upload:after:pause@w1");
  writeFileSync(file, "");
  points.at("upload", "after", "w2");
  expect(signals).toEqual([]);
  points.at("upload", "after", "w1");
  points.at("upload", "after", "w1");
  expect(signals).toEqual(["SIGSTOP"]);
  expect(readFileSync(`${file}.hit`, "utf8")).toBe(String(process.pid));
});

it("without a world in its name strikes in any", () => {
  const { signals, points } = watched({ GRIDATA_FAILPOINTS_DIR: dir });
  writeFileSync(join(dir, "gateway.rename:before:kill"), "");
  points.at("rename", "before", "w7");
  expect(signals).toEqual(["SIGKILL"]);
});
