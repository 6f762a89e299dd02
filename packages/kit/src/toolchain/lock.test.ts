import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lock, tryLock } from "./lock.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridata-lock-"));
  path = join(dir, "some.lock");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("is held by one process at a time, and whoever waits is told by whom", async () => {
  const first = tryLock(path)!;
  expect(tryLock(path)).toBeNull();
  const told: string[] = [];
  const waiting = lock(path, {
    onWait: (owner) => {
      told.push(owner);
      first.release();
    },
  });
  (await waiting).release();
  expect(told).toEqual([`pid ${process.pid}`]);
});

it("ends with its holder, however that ends", async () => {
  const module = JSON.stringify(join(import.meta.dirname, "lock.ts"));
  const program = `import { tryLock } from ${module};
    globalThis.held = tryLock(${JSON.stringify(path)}); console.log(held !== null); setInterval(() => {}, 1000);`;
  const holder = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const said = await new Promise<string>((resolve) =>
    holder.stdout.once("data", (d) => resolve(String(d))),
  );
  expect(said).toBe("true\n");
  expect(tryLock(path)).toBeNull();
  holder.kill("SIGKILL");
  await new Promise((resolve) => holder.once("exit", resolve));
  tryLock(path)!.release();
});
