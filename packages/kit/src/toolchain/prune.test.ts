import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyer } from "./key.ts";
import { tryLock } from "./lock.ts";
import { leasedPorts, leaseTools, recordCheckout } from "./needs.ts";
import { cachePaths } from "./paths.ts";
import { identityOf } from "./process.ts";
import { prune } from "./prune.ts";
import { remove } from "./tree.ts";
import type { ToolName } from "./types.ts";

const checkout = join(import.meta.dirname, "../../../..");
const old = "0123456789abcdef0123";
let cache: string;
let children: ChildProcess[];
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "gridata-prune-"));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  remove(cache);
});

const pruned = () => prune(checkout, { ...process.env, GRIDATA_CACHE: cache });

function entry(name: ToolName, key: string): string {
  const dir = cachePaths.entry(cache, name, key);
  mkdirSync(join(dir, "bin"), { recursive: true });
  writeFileSync(join(dir, "bin/tool"), "0123456789");
  // As entries are: protected.
  chmodSync(join(dir, "bin"), 0o555);
  chmodSync(dir, 0o555);
  return dir;
}

function living() {
  const child = spawn("sleep", ["600"]);
  children.push(child);
  return { child, identity: identityOf(child.pid!)! };
}

describe("prune", () => {
  it("removes an entry that no lock file asks for, and keeps those of this checkout", async () => {
    const dir = entry("ecj", old);
    const own = entry("ecj", keyer({ checkout, cache, env: process.env })("ecj"));
    const found = await pruned();
    expect(found.removed).toEqual([
      { what: "tool", name: `ecj/${old}`, path: dir, size_bytes: 10 },
    ]);
    expect(found.freed_bytes).toBe(10);
    expect([existsSync(dir), existsSync(own)]).toEqual([false, true]);
    expect(readdirSync(cachePaths.work(cache))).toEqual([]);
  });

  it("keeps what another checkout needs as long as that one is there", async () => {
    const dir = entry("ecj", old);
    const other = mkdtempSync(join(tmpdir(), "gridata-other-"));
    try {
      cpSync(join(checkout, "toolchain"), join(other, "toolchain"), { recursive: true });
      await recordCheckout(cache, other, { ecj: old });
      const kept = await pruned();
      expect(kept.removed).toEqual([]);
      expect(kept.kept).toEqual([
        { name: `ecj/${old}`, path: dir, needed_by: `checkout ${other}` },
      ]);
    } finally {
      rmSync(other, { recursive: true });
    }
    expect((await pruned()).removed).toMatchObject([{ name: `ecj/${old}` }]);
  });

  it("keeps what a live stack leases, and takes it once its last process has ended", async () => {
    const dir = entry("postgres", old);
    const supervisor = living();
    const service = living();
    const lease = leaseTools(cache, "/somewhere/.gridata/default", "stack /somewhere");
    lease.process(supervisor.identity);
    lease.tool({ name: "postgres", key: old });
    lease.process(service.identity);
    expect((await pruned()).kept).toMatchObject([{ needed_by: "stack /somewhere" }]);
    await ended(supervisor.child);
    expect((await pruned()).removed).toEqual([]);
    expect(existsSync(dir)).toBe(true);
    await ended(service.child);
    expect((await pruned()).removed).toMatchObject([{ name: `postgres/${old}` }]);
  });

  it("is not misled by a pid that another process has now, nor by one of before the reboot", async () => {
    const { identity } = living();
    const strangers = [
      { ...identity, startTicks: identity.startTicks - 1 },
      { ...identity, bootId: "another boot" },
    ];
    for (const stranger of strangers) {
      entry("postgres", old);
      const lease = leaseTools(cache, "/somewhere", "stack");
      lease.process(stranger);
      lease.tool({ name: "postgres", key: old });
      expect((await pruned()).removed).toMatchObject([{ name: `postgres/${old}` }]);
    }
  });

  it("a lease goes on under a new supervisor with the tools that its services still run", async () => {
    entry("kafka" as ToolName, old);
    const service = living();
    const first = leaseTools(cache, "/somewhere", "stack");
    first.tool({ name: "kafka" as ToolName, key: old });
    first.process(service.identity);
    const next = leaseTools(cache, "/somewhere", "stack");
    next.tool({ name: "postgres", key: old });
    expect((await pruned()).kept).toMatchObject([{ name: `kafka/${old}` }]);
  });

  it("a lease tells other stacks the ports that a live one has", async () => {
    const service = living();
    const lease = leaseTools(cache, "/somewhere", "stack");
    lease.process(service.identity);
    lease.ports([20_001, 20_002]);
    expect(leasedPorts(cache, "/elsewhere")).toEqual([20_001, 20_002]);
    expect(leasedPorts(cache, "/somewhere")).toEqual([]);
    await ended(service.child);
    expect(leasedPorts(cache, "/elsewhere")).toEqual([]);
  });

  it("removes half-made work and logs of what is made, and leaves what is being made just now", async () => {
    const keyOf = keyer({ checkout, cache, env: process.env });
    const work = (name: ToolName) => {
      const dir = join(cachePaths.work(cache), `${name}-${keyOf(name)}.4194305`);
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, "half"), "12345");
      writeFileSync(`${dir}.list`, "1");
      return dir;
    };
    const log = (name: ToolName) => {
      const path = cachePaths.log(cache, name, keyOf(name));
      mkdirSync(join(cache, "logs"), { recursive: true });
      writeFileSync(path, "log");
      return path;
    };
    const [dead, busy] = [work("ecj"), work("s3")];
    const [of, failed, ages] = [log("ecj"), log("java"), log("go")];
    entry("ecj", keyOf("ecj"));
    utimesSync(ages, 0, 0);
    const builder = tryLock(cachePaths.lock(cache, `s3-${keyOf("s3")}`))!;
    const found = await pruned();
    builder.release();
    expect(found.removed.map(({ what }) => what).toSorted()).toEqual([
      "leftover",
      "leftover",
      "log",
      "log",
    ]);
    expect(found.freed_bytes).toBe(12);
    expect([dead, `${dead}.list`, of, ages].filter((path) => existsSync(path))).toEqual([]);
    expect([busy, `${busy}.list`, failed].every((path) => existsSync(path))).toBe(true);
  });
});

const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
