import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { follow } from "./follow.ts";
import { readEntries } from "./read.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridata-logs-"));
  path = join(dir, "spark.log");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const line = (n: number, text = `entry ${n}`) =>
  `26/11/24 ${new Date(n * 1000).toISOString().slice(11, 19)} INFO A: ${text}\n`;
const texts = ({ entries }: { entries: { message: string }[] }) => entries.map((e) => e.message);

describe("the end of a log", () => {
  it("is the last entries, however many lines each has, and only of lines that are complete", async () => {
    // More than the first look takes in.
    const many = Array.from({ length: 9_000 }, (_, n) => line(n, `entry ${n}\n\tmore of it`));
    writeFileSync(path, `${many.join("")}26/11/24 10:00:00 INFO A: half a li`);
    const found = await readEntries(path, "spark", {}, 4_000);
    expect(found.entries).toHaveLength(4_000);
    expect(texts(found).at(0)).toBe("entry 5000\n\tmore of it");
    expect(texts(found).at(-1)).toBe("entry 8999\n\tmore of it");
  });

  it("since a time is all from then on", async () => {
    writeFileSync(path, Array.from({ length: 20_000 }, (_, n) => line(n)).join(""));
    const since = Date.parse("2026-11-24T00:00:10Z");
    const found = await readEntries(path, "spark", { since }, null);
    expect([found.entries.length, texts(found)[0]]).toEqual([19_990, "entry 10"]);
  });

  it("of what names an id, is the last of those, wherever they are", async () => {
    writeFileSync(path, Array.from({ length: 20_000 }, (_, n) => line(n)).join(""));
    const found = await readEntries(path, "spark", { ids: ["entry 77"] }, 2);
    expect(texts(found)).toEqual(["entry 7798", "entry 7799"]);
  });

  it("of a log that is not there is nothing", async () => {
    expect(await readEntries(path, "spark", {}, 3)).toEqual({ entries: [], end: 0 });
  });
});

describe("following a log", () => {
  async function followed(
    act: (seen: () => string[], wait: (n: number) => Promise<void>) => Promise<void>,
  ) {
    const { end } = await readEntries(path, "spark", {}, 0);
    const seen: string[] = [];
    const stop = new AbortController();
    let came = () => {};
    const running = follow([{ path, service: "spark", end }], {}, stop.signal, (entries) => {
      seen.push(...entries.map((e) => e.message));
      came();
    });
    const wait = async (n: number) => {
      while (seen.length < n)
        await new Promise<void>((resolve) => {
          came = resolve;
        });
    };
    await act(() => seen, wait);
    stop.abort();
    await running;
    return seen;
  }

  it("gives what comes, once each entry is whole, across rename, truncation and removal", async () => {
    writeFileSync(path, line(1));
    const seen = await followed(async (_, wait) => {
      appendFileSync(path, line(2, "two\n\tand its second line"));
      await wait(1);
      appendFileSync(path, line(3));
      renameSync(path, `${path}.1`);
      appendFileSync(`${path}.1`, line(4));
      writeFileSync(path, line(5));
      await wait(4);
      truncateSync(path);
      appendFileSync(path, line(6, "6"));
      await wait(5);
      rmSync(path);
      writeFileSync(path, line(7));
      await wait(6);
    });
    expect(seen).toEqual([
      "two\n\tand its second line",
      "entry 3",
      "entry 4",
      "entry 5",
      "6",
      "entry 7",
    ]);
  });

  it("waits for a log that does not exist yet", async () => {
    const seen = await followed(async (_, wait) => {
      writeFileSync(path, line(1));
      await wait(1);
    });
    expect(seen).toEqual(["entry 1"]);
  });
});
