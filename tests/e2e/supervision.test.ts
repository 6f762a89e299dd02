import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { until } from "@gridata/testkit";
import { stackName } from "../clients.ts";
import { listenersOf } from "./machine.ts";
import { airflow, catalog, kafka, postgres, sparkConnect, sparkRpc, store } from "./strangers.ts";

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

  it("lets nothing listen but on loopback, and no port answers a stranger", async () => {
    const { services } = await run("status");
    const name = new Map<number, string>(services.map((s: any) => [s.pid, s.name]));
    const open = listenersOf(new Set(name.keys()));
    expect(open.filter(({ address }) => !loopback.test(address))).toEqual([]);
    const ports = new Map(open.map(({ port, leader }) => [port, name.get(leader)!]));
    expect(ports.size).toBeGreaterThan(7);
    const connectPort = Number(new URL(services.find((s: any) => s.name === "spark").address).port);
    for (const [port, service] of ports) {
      const stranger = service === "spark" && port !== connectPort ? sparkRpc : strangers[service];
      expect(stranger, `${service} listens on ${port}, and nothing is known of that`).toBeDefined();
      expect((await stranger!(port)).length, `${service} on ${port}`).toBeGreaterThan(0);
    }
  });
});

const strangers: Record<string, (port: number) => Promise<string[]>> = {
  ...{ s3: store, catalog, "airflow-api": airflow, postgres, kafka, spark: sparkConnect },
};

/** 127.0.0.0/8 as the kernel writes it, and the same and ::1 in its six-group form. */
const loopback = /^([0-9A-F]{6}7F|0{16}FFFF0000[0-9A-F]{6}7F|0{24}01000000)$/;
