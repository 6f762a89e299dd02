import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { leftOnMachine } from "./machine.ts";

let dir: string;
let child: ChildProcess | null = null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridata-leaks-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  child = null;
  rmSync(dir, { recursive: true, force: true });
});

const none = "GRIDATA_LEAKS_TEST=none";
const listens = `const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))`;

async function listener(env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  child = spawn(process.execPath, ["-e", listens], {
    ...{ env, cwd, detached: true },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [said] = (await once(child.stdout!, "data")) as [Buffer];
  return said.toString().trim();
}

it.each([
  ["carries the mark", { GRIDATA_LEAKS_TEST: "one" }, "/"],
  ["stands in a folder that is to be gone", {}, "state"],
  ["was told of one", { CONFIG: "state/config.json" }, "/"],
])("a process that %s is a leak, and so is its port", async (_, env, cwd) => {
  const state = join(dir, "state");
  mkdirSync(state);
  const told = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replace(/^state/, state)]),
  );
  const port = await listener(told, cwd === "state" ? state : cwd);
  const found = leftOnMachine({ mark: "GRIDATA_LEAKS_TEST=one", gone: [state], empty: [] });
  expect(found.map(({ kind }) => kind)).toEqual(["process", "port", "folder"]);
  expect(found[0]!.name).toContain(`${child!.pid} `);
  expect(found[1]!.name).toBe(`${port}, held by process ${child!.pid}`);
  expect(leftOnMachine({ mark: none, gone: [join(dir, "other")], empty: [] })).toEqual([]);
});

it("folders that must be gone, and what lies in those that must be empty", () => {
  const [gone, empty] = [join(dir, "gone"), join(dir, "empty")];
  mkdirSync(gone);
  mkdirSync(empty);
  expect(leftOnMachine({ mark: none, gone: [join(dir, "not-there")], empty: [empty] })).toEqual([]);
  writeFileSync(join(empty, "left.csv"), "");
  expect(leftOnMachine({ mark: none, gone: [gone], empty: [empty] })).toEqual([
    { kind: "folder", name: gone },
    { kind: "folder", name: join(empty, "left.csv") },
  ]);
});
