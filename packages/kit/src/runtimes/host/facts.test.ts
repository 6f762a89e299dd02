import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { StackDef } from "../../model/service.ts";
import { chooseFacts } from "./facts.ts";
import { layoutOf } from "./layout.ts";

const port = { scheme: "http", credentials: "some" };
const service = (name: string) => ({ name, ports: { http: port }, secrets: {} });
const stack = { services: [service("one"), service("two")], secrets: {} } as unknown as StackDef;

it("ports and secrets stay as they were chosen; a port that somebody else has, or will have, is chosen anew", async () => {
  const checkout = mkdtempSync(join(tmpdir(), "gridata-facts-"));
  const layout = layoutOf(checkout, "some");
  const choose = (running: string[], others: number[] = []) =>
    chooseFacts(layout, stack, "normal", (name) => running.includes(name), others);
  const server = createServer();
  try {
    const first = await choose([]);
    expect(await choose([])).toEqual(first);
    const taken = first.ports["one/http"]!;
    await new Promise<void>((done) => server.listen(taken, "127.0.0.1", done));
    // It is taken by the service itself.
    expect(await choose(["one"])).toEqual(first);
    const again = await choose([]);
    expect(again.ports["one/http"]).not.toBe(taken);
    expect(again.ports["two/http"]).toBe(first.ports["two/http"]);
    // A stack that starts at the same time has chosen it, and does not listen yet.
    const chosen = await choose([], [again.ports["two/http"]!]);
    expect(chosen.ports["two/http"]).not.toBe(again.ports["two/http"]);
  } finally {
    server.close();
    rmSync(checkout, { recursive: true, force: true });
    rmSync(layout.sockets, { recursive: true, force: true });
  }
});
