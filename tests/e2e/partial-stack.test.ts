import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stateFolder } from "@gridata/kit/clients/stack";
import { inDatabase, until } from "@gridata/testkit";
import { checkout, ran } from "../command-line.ts";

const stack = `part-${process.pid}`;
const state = stateFolder(checkout, stack);

interface Service {
  name: string;
  state: string;
  pid: number;
  restarts: number;
  restarted_because: string | null;
  address: string | null;
}
interface Answer {
  ok: boolean;
  state: string;
  services: Service[];
  error: { code: string; what: string; why: string; fix: string };
}

const run = (...args: string[]): Promise<Answer> =>
  promisify(execFile)(join(checkout, "gridata"), [...args, "--stack", stack, "--json"])
    .catch((failed: { stdout: string }) => failed)
    .then(({ stdout }) => JSON.parse(stdout) as Answer);

const only = ["dev", "--only", "catalog,kafka,steps", "--profile", "small"];
const byName = ({ services }: Answer) => new Map(services.map((s) => [s.name, s]));
const supervisorPid = () =>
  (JSON.parse(readFileSync(join(state, "run/supervisor.json"), "utf8")) as { pid: number }).pid;

describe("a part of a stack, on a machine where things go wrong", () => {
  beforeAll(async () => {
    expect(await run(...only)).toMatchObject({ ok: true, state: "ready" });
  });
  afterAll(async () => {
    await run("down", "--purge");
    expect(existsSync(state)).toBe(false);
  });

  it("has exactly what was asked for and what that needs, and is enough to read tables", async () => {
    const status = await run("status");
    expect(status.services.map(({ name }) => name).toSorted()).toEqual([
      ...["catalog", "kafka", "postgres", "s3", "steps"],
    ]);
    expect((await run("table", "sales.transactions_v1")).error.code).toBe("NO_SUCH_TABLE");
  });

  it("is as small as was asked for: its heaps, and what is reckoned for it", async () => {
    const heap = (name: string) => {
      const { pid } = kept.get(name)!;
      return /-Xmx(\d+)m/.exec(readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.[1];
    };
    const kept = byName(await run("status"));
    expect([heap("kafka"), heap("catalog")]).toEqual(["160", "128"]);
  });

  it("is not started on a machine that lacks what it takes: it says what, and how to mend it", async () => {
    const name = `${stack}-x`;
    const command = `ulimit -n 900 && exec ./gridata dev --only s3 --stack ${name} --json`;
    const refused = await ran("/bin/sh", ["-c", command], { env: process.env, cwd: checkout });
    expect(refused.exit).toBe(6);
    const { error } = JSON.parse(refused.stdout) as Answer;
    expect(error.code).toBe("FILES_SHORT");
    expect(error.what).toContain("may open 900 files");
    expect(error.fix).toContain("ulimit -Hn");
    expect(existsSync(stateFolder(checkout, name))).toBe(false);
  });

  it("takes in more services, and leaves alone what runs", async () => {
    const before = byName(await run("status"));
    const more = await run("dev", "--only", "catalog,kafka,steps,gateway");
    expect(more).toMatchObject({ ok: true, state: "ready", reattached: true });
    const after = byName(more);
    expect([...after.keys()].toSorted()).toEqual([...before.keys(), "gateway"].toSorted());
    for (const [name, { pid }] of before) expect(after.get(name)!.pid, name).toBe(pid);
  });

  it("starts again what takes connections and gives no answer, and says why", async () => {
    const before = byName(await run("status"));
    for (const { pid } of before.values()) process.kill(pid, "SIGSTOP");
    const after = await until(
      "all of them to be up again",
      async () => {
        const status = await run("status");
        const up = status.services.every((s) => s.state === "ready" && s.restarts > 0);
        return status.state === "ready" && up && byName(status);
      },
      { deadline: 180 },
    );
    for (const [name, { pid, restarted_because }] of after) {
      expect(pid, name).not.toBe(before.get(name)!.pid);
      expect(restarted_because, name).toContain("gave no answer");
    }
  });

  it("comes back after a reboot: pids and ports in other hands, locks and sockets left", async () => {
    const before = byName(await run("status"));
    process.kill(supervisorPid(), "SIGKILL");
    for (const { pid } of before.values()) process.kill(-pid, "SIGKILL");
    // PostgreSQL's other processes lead sessions of their own and end when they see that the first is gone.
    const lock = join(state, "data/postgres/cluster/postmaster.pid");
    const [, ...rest] = readFileSync(lock, "utf8").split("\n");
    writeFileSync(lock, [process.pid, ...rest].join("\n"));
    for (const file of readdirSync(join(state, "run")).filter((name) => name.endsWith(".json"))) {
      const path = join(state, "run", file);
      // As another boot wrote it: the pids may be anybody's now.
      const text = readFileSync(path, "utf8").replaceAll(
        /"bootId":"[^"]+"/g,
        '"bootId":"00000000-0000-4000-8000-000000000000"',
      );
      writeFileSync(path, text.replaceAll(/"pid":\d+/g, `"pid":${process.pid}`));
    }
    const taken = new URL(before.get("s3")!.address!);
    const other = await until("the dead store's port", () => listen(Number(taken.port)));
    try {
      const again = await run(...only);
      expect(again).toMatchObject({ ok: true, state: "ready", reattached: false });
      const after = byName(again);
      expect(after.get("s3")!.address).not.toBe(taken.origin);
      expect(after.get("catalog")!.address).toBe(before.get("catalog")!.address);
      expect((await run("table", "sales.transactions_v1")).error.code).toBe("NO_SUCH_TABLE");
    } finally {
      other.close();
    }
  });

  it("that can't start says why: data of another version", async () => {
    await run("down");
    const version = join(state, "data/postgres/cluster/PG_VERSION");
    const right = readFileSync(version, "utf8");
    writeFileSync(version, "15\n");
    const { ok, error } = await run(...only);
    expect(ok).toBe(false);
    expect(error).toMatchObject({ code: "DATA_VERSION" });
    expect(error.what).toMatch(/postgres: its data is of version 15, the program of 18/);
    writeFileSync(version, right);
    expect(await run(...only)).toMatchObject({ ok: true, state: "ready" });
  });

  it("that can't start says why: the catalog's database is gone, which no other one can make anew", async () => {
    await inDatabase({ checkout, stack }, "postgres", "drop database catalog with (force)");
    await run("down");
    const { ok, error } = await run(...only);
    expect(ok).toBe(false);
    expect(error).toMatchObject({ code: "DATA_LOST" });
    expect(error.what).toBe("postgres: its database 'catalog' is gone");
    expect(error.fix).toContain("put back a copy of it");
  });

  it("tells a command what it lacks, and how to start it", async () => {
    await run("down");
    const { error } = await run("table", "sales.transactions_v1");
    expect(error.code).toBe("STACK_NOT_RUNNING");
    expect(error.fix).toContain("--only catalog,s3");
  });
});

const listen = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
