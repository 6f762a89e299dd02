/** The supervisor with services that are shell scripts: what it starts, keeps, takes up, starts again and ends. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ProofDef, ServiceDef, StackDef } from "../../model/service.ts";
import { isAlive } from "../../toolchain/process.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { readStatus, type ServiceStatus } from "./status.ts";
import { supervisor, type Supervisor } from "./supervisor.ts";

const patient = { timeout: 20_000, interval: 20 };
const goOn = "echo up; exec sleep 600";

const service = (name: string, script: string, more: Partial<ServiceDef> = {}): ServiceDef => ({
  ...{ name, summary: "", tools: [], needs: [], ports: {}, secrets: {}, files: [], before: [] },
  process: {
    argv: ["/bin/sh", "-c", script],
    env: {},
    stop: { signal: "SIGTERM", graceSeconds: 5 },
  },
  ...{ ready: [{ kind: "log", pattern: "up\\n" }], readyDeadlineSeconds: 15 },
  ...{ alive: { kind: "log", pattern: "" }, after: [], accepting: false },
  ...{ memoryMb: { normal: 1, small: 1 } },
  ...more,
});

let checkout: string;
let layout: Layout;
let running: { supervisor: Supervisor; done: Promise<void> }[];
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "gridata-supervisor-"));
  layout = layoutOf(checkout, "some");
  running = [];
});
afterEach(async () => {
  for (const one of running.toReversed()) {
    one.supervisor.end();
    await one.done;
  }
  rmSync(checkout, { recursive: true, force: true });
  rmSync(layout.sockets, { recursive: true, force: true });
});

const choice = (services: ServiceDef[], proofs: ProofDef[]) => {
  const stack: StackDef = { services, identities: [], proofs, secrets: {} };
  return { whole: stack, stack, profile: "normal" as const };
};
const environment = () => ({ ...process.env, GRIDATA_CACHE: join(checkout, "cache") });

function start(services: ServiceDef[], proofs: ProofDef[] = []): void {
  const made = supervisor(layout, choice(services, proofs), environment());
  running.push({ supervisor: made, done: made.run() });
}
/** In a process of its own until the stack is ready, and something was done to it; then that is killed. */
async function startAndDie(
  services: ServiceDef[],
  proofs: ProofDef[] = [],
  meanwhile = async () => {},
): Promise<void> {
  const module = JSON.stringify(join(import.meta.dirname, "supervisor.ts"));
  const given = JSON.stringify([layout, choice(services, proofs)]);
  const program = `import { supervisor } from ${module}; supervisor(...${given}, process.env).run();`;
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program],
    { env: environment(), stdio: "inherit" },
  );
  await reached("ready");
  await meanwhile();
  await new Promise<void>((done) => {
    child.once("exit", () => done());
    child.kill("SIGKILL");
  });
}
const state = () => readStatus(layout)?.state;
const of = (name: string): ServiceStatus =>
  readStatus(layout)!.services.find((one) => one.name === name)!;
const reached = (wanted: string) => expect.poll(state, patient).toBe(wanted);

describe("the supervisor", () => {
  it("starts who is needed first, and is ready when all are", async () => {
    const order = join(checkout, "order");
    const says = (name: string) => `echo ${name} >> ${order}; ${goOn}`;
    const needs = [{ service: "first", until: "ready" } as const];
    start([service("second", says("second"), { needs }), service("first", says("first"))]);
    await reached("ready");
    expect(readFileSync(order, "utf8")).toBe("first\nsecond\n");
  });

  it("starts a service again that ended, and says why", async () => {
    start([service("one", goOn)]);
    await reached("ready");
    const before = of("one");
    process.kill(before.pid!, "SIGKILL");
    await expect.poll(() => of("one").restarts, patient).toBe(1);
    await reached("ready");
    const after = of("one");
    expect(after.pid).not.toBe(before.pid);
    expect(after.restarted_because).toBe("one: it ended with SIGKILL");
    // What is told of its start does not grow with every death.
    expect(after.phases).toEqual(before.phases);
  });

  it("goes on trying with one that does not come back, and says what is in the way", async () => {
    const broken = join(checkout, "broken");
    const script = `[ -e ${broken} ] && { echo "bind: Address already in use"; exit 1; }; touch ${broken}; ${goOn}`;
    start([service("one", script)]);
    await reached("ready");
    process.kill(of("one").pid!, "SIGKILL");
    await expect.poll(() => of("one").error?.code, patient).toBe("PORT_TAKEN");
    expect(["degraded", "failed"]).toContain(state());
    rmSync(broken);
    await reached("ready");
    expect(of("one").error).toBeNull();
  });

  it("fails at once when a service can't start at all, with the cause", async () => {
    const needs = [{ service: "one", until: "ready" } as const];
    const full = 'echo "write: no space left on device"; exit 1';
    start([service("one", full), service("two", goOn, { needs })]);
    await reached("failed");
    expect(of("one").error).toMatchObject({ code: "DISK_FULL", what: "one: the disk is full" });
    expect(of("two").waiting_for).toBe("one ready");
  });

  it("takes up what runs, and starts anew only what was configured otherwise", async () => {
    await startAndDie([service("same", goOn), service("other", goOn)]);
    const [same, other] = [of("same").pid, of("other").pid];
    start([service("same", goOn), service("other", `: changed; ${goOn}`)]);
    await reached("ready");
    expect(readStatus(layout)!.reattached).toBe(1);
    expect(of("same").pid).toBe(same);
    expect(of("other").pid).not.toBe(other);
  });

  it("proves the stack once in a start, and not again of services that it found, one that died meanwhile among them", async () => {
    const runs = join(checkout, "runs");
    const proof: ProofDef = {
      ...{ name: "works", summary: "", needs: ["one"] },
      task: {
        ...{ name: "works", summary: "", deadlineSeconds: 10 },
        argv: ["/bin/sh", "-c", `echo run >> ${runs}`],
      },
    };
    await startAndDie([service("one", goOn)], [proof], async () => {
      process.kill(of("one").pid!, "SIGKILL");
      await expect.poll(() => of("one").restarts, patient).toBe(1);
      await reached("ready");
    });
    start([service("one", goOn)], [proof]);
    await reached("ready");
    expect(readStatus(layout)!.reattached).toBe(1);
    expect(readFileSync(runs, "utf8")).toBe("run\n");
  });

  it("ends who needs others first, and leaves no process", async () => {
    const order = join(checkout, "order");
    const says = (name: string, seconds: number) =>
      `trap 'sleep ${seconds}; echo ${name} >> ${order}; exit' TERM; echo up; while :; do sleep 0.05; done`;
    const needs = [{ service: "first", until: "ready" } as const];
    start([service("first", says("first", 0)), service("second", says("second", 0.5), { needs })]);
    await reached("ready");
    const all = [of("first"), of("second")].map(({ identity }) => identity!);
    running[0]!.supervisor.end();
    await running.pop()!.done;
    expect(readFileSync(order, "utf8")).toBe("second\nfirst\n");
    expect(all.filter(isAlive)).toEqual([]);
  });
});
