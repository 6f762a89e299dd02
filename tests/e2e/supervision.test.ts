import { execFile } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { until } from "@gridata/testkit";
import { stackName } from "../clients.ts";

const checkout = join(import.meta.dirname, "../..");
const run = (...args: string[]) =>
  promisify(execFile)(join(checkout, "gridata"), [...args, "--stack", stackName, "--json"]).then(
    ({ stdout }) => JSON.parse(stdout) as any,
  );
const pids = (document: { services: { name: string; pid: number }[] }) =>
  Object.fromEntries(document.services.map(({ name, pid }) => [name, pid]));

describe("the supervisor of a stack", () => {
  it("may be killed: its services go on, and the next dev takes them up as they are", async () => {
    const before = pids(await run("status"));
    const { pid } = JSON.parse(
      await readFile(join(stateFolder(checkout, stackName), "run/supervisor.json"), "utf8"),
    ) as { pid: number };
    process.kill(pid, "SIGKILL");
    const again = await until("dev to attach", () => run("dev"), { deadline: 60 });
    expect(again).toMatchObject({ state: "ready", reattached: true });
    expect(pids(again)).toEqual(before);
  });

  it("starts a dead service again, and says so", async () => {
    const { services } = await run("status");
    const gateway = services.find(({ name }: { name: string }) => name === "gateway");
    process.kill(gateway.pid, "SIGKILL");
    const after = await until(
      "the gateway to be ready again",
      async () => {
        const status = await run("status");
        const found = status.services.find(({ name }: { name: string }) => name === "gateway");
        return found.state === "ready" && found.restarts > gateway.restarts && found;
      },
      { deadline: 60 },
    );
    expect(after.pid).not.toBe(gateway.pid);
  });

  it("lets nothing listen but on loopback", async () => {
    const { services } = await run("status");
    const leaders = new Set(services.map(({ pid }: { pid: number }) => pid));
    const members = processes().filter(({ group }) => leaders.has(group));
    expect(members.length).toBeGreaterThan(services.length);
    const sockets = new Set(members.flatMap(({ pid }) => socketsOf(pid)));
    const open = listening().filter(({ inode }) => sockets.has(inode));
    expect(open.length).toBeGreaterThan(6);
    expect(open.filter(({ address }) => !loopback.test(address))).toEqual([]);
  });
});

/** 127.0.0.0/8 as the kernel writes it, and the same and ::1 in its six-group form. */
const loopback = /^([0-9A-F]{6}7F|0{16}FFFF0000[0-9A-F]{6}7F|0{24}01000000)$/;

const processes = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [{ pid: Number(name), group: Number(fields[2]) }];
      } catch {
        return [];
      }
    });

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ""];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

const listening = () =>
  ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A")
      .map((fields) => ({ address: fields[1]!.split(":")[0]!, inode: fields[9]! })),
  );
