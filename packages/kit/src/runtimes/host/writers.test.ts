import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { StackDef } from "../../model/service.ts";
import { chooseFacts } from "./facts.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { tooNew, type Writers } from "./writers.ts";

const now: Writers = {
  state_version: 1,
  commit: "c",
  data: { postgres: { version: "18.6.3", migrations: ["0001_a.sql", "0002_b.sql"] } },
};
const wrote = (version: string, ...migrations: string[]): Partial<Writers> => ({
  ...{ state_version: 1, commit: "d" },
  data: { postgres: { version, migrations } },
});

it.each([
  ["an older server", wrote("18.6.2", "0001_a.sql")],
  ["the same", wrote("18.6.3", "0001_a.sql", "0002_b.sql")],
  ["a state that says nothing of versions", { state_version: 1 }],
  ["a service that is no more", { ...wrote("1"), data: { old: { version: "9", migrations: [] } } }],
])("%s is taken up", (_, earlier) => {
  expect(tooNew(earlier, now)).toBeNull();
});

it.each([
  ["a newer form of the folder", { state_version: 2 }, "form 2"],
  ["a newer server", wrote("18.10.0", "0001_a.sql"), "version 18.10.0"],
  ["a migration of another branch", wrote("18.6.3", "0002_other.sql"), "0002_other.sql"],
])("%s is refused", (_, later, says) => {
  expect(tooNew(later, now)).toContain(says);
});

const service = (name: string, more: object = {}) => ({ name, ports: {}, secrets: {}, ...more });
let checkout: string;
let layout: Layout;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "gridata-writers-"));
  layout = layoutOf(checkout, "some");
});
afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
  rmSync(layout.sockets, { recursive: true, force: true });
});

it("a refused state is left as it was, with the command that helps", async () => {
  mkdirSync(join(checkout, "migrations"));
  writeFileSync(join(checkout, "migrations/0001_a.sql"), "");
  const data = { tool: "postgres", migrations: { area: "checkout", rest: "migrations" } };
  const stack = { services: [service("postgres", { data })], secrets: {} } as unknown as StackDef;
  const choose = () => chooseFacts(layout, stack, "normal", () => false, []);
  await choose();
  const text = readFileSync(layout.stackFile, "utf8");
  const file = JSON.parse(text) as Writers;
  expect(file.data["postgres"]!.migrations).toEqual(["0001_a.sql"]);
  file.data["postgres"]!.migrations.push("0002_b.sql");
  file.commit = "0123456789abcdef";
  writeFileSync(layout.stackFile, JSON.stringify(file));
  await expect(choose()).rejects.toMatchObject({
    code: "STATE_TOO_NEW",
    why: expect.stringContaining("0002_b.sql"),
    fix: "git checkout 0123456789ab, which wrote it; or remove the state: ./gridata down --purge --stack some",
  });
  expect(readFileSync(layout.stackFile, "utf8")).toBe(JSON.stringify(file));
});
