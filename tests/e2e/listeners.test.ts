import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { stackName } from "../clients.ts";
import { listenersOf } from "./machine.ts";
import { airflow, catalog, kafka, postgres, sparkConnect, sparkRpc, store } from "./strangers.ts";

const checkout = join(import.meta.dirname, "../..");
const run = (...args: string[]) =>
  promisify(execFile)(join(checkout, "gridata"), [...args, "--stack", stackName, "--json"]).then(
    ({ stdout }) => JSON.parse(stdout) as any,
  );

describe("a running stack", () => {
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
