import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskDef } from "../../model/service.ts";
import { runTask, type TaskPlace } from "./tasks.ts";

let dir: string;
let runs: number;
let gone: string | null;
let place: TaskPlace;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridata-tasks-"));
  mkdirSync(join(dir, "inputs"));
  writeFileSync(join(dir, "inputs/one.sql"), "first");
  runs = 0;
  place = {
    ...{ log: join(dir, "task.log"), cwd: dir, signal: new AbortController().signal },
    text: String,
    environment: () => ({ PATH: process.env["PATH"] }),
    missing: async () => gone,
    onStart: () => runs++,
  };
  gone = null;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const task = (script: string, more: Partial<TaskDef> = {}): TaskDef => ({
  ...{ name: "some", summary: "some work", argv: ["/bin/sh", "-c", script], deadlineSeconds: 20 },
  ...more,
});
const once = () => ({ once: { mark: join(dir, "mark"), inputs: [join(dir, "inputs")] } });

describe("a task", () => {
  it("that was done is left out until its inputs, its program or its mark changed", async () => {
    const setup = task("true", once());
    expect(await runTask(setup, place)).toBeNull();
    expect(await runTask(setup, place)).toBeNull();
    expect(runs).toBe(1);
    writeFileSync(join(dir, "inputs/two.sql"), "second");
    await runTask(setup, place);
    expect(runs).toBe(2);
    rmSync(join(dir, "mark"));
    await runTask(setup, place);
    expect(runs).toBe(3);
    await runTask(task("true # other", once()), place);
    expect(runs).toBe(4);
  });

  it("that was done runs again when what it made is gone, whatever its mark says", async () => {
    const made = {
      ...{ service: "db", port: "sql", database: "d", user: "u", password: "p", missing: "select" },
    };
    for (const setup of [
      task("true", { ...once(), made }),
      task("true", { unless: join(dir, "inputs"), made }),
      task("true", { made }),
    ]) {
      await runTask(setup, place);
      runs = 0;
      await runTask(setup, place);
      expect(runs).toBe(0);
      gone = "the database is gone";
      await runTask(setup, place);
      expect(runs).toBe(1);
      gone = null;
    }
  });

  it("that failed runs again, and what it wrote is the evidence", async () => {
    const failing = task("echo what is wrong; exit 3", once());
    expect(await runTask(failing, place)).toEqual({
      ...{ code: 3, timedOut: false, tail: "what is wrong" },
    });
    expect(await runTask(failing, place)).not.toBeNull();
    expect(runs).toBe(2);
  });

  it("that does not end is ended at its deadline, with all that it started", async () => {
    const pid = join(dir, "pid");
    const slow = task(`sleep 60 & echo $! > ${pid}; wait`, { deadlineSeconds: 0.3 });
    expect(await runTask(slow, place)).toMatchObject({ timedOut: true });
    const state = () => {
      try {
        return readFileSync(`/proc/${readFileSync(pid, "utf8").trim()}/stat`, "utf8").split(" ")[2];
      } catch {
        return "gone";
      }
    };
    await expect.poll(state, { timeout: 5_000 }).toMatch(/^(gone|Z)$/);
  });
});
