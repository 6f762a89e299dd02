import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stateFolder } from "../clients/stack.ts";
import { makeBundle } from "./index.ts";
import { formsOf } from "./redact.ts";

const canaries = { "s3-root": "c4n4ry-store-0123456789", "airflow-jwt": "c4n4ry/jwt+0123456789==" };
let checkout: string;
let state: string;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "gridata-bundle-test-"));
  state = stateFolder(checkout, "trial");
  for (const dir of ["secrets", "logs", "run"]) mkdirSync(join(state, dir), { recursive: true });
  writeFileSync(join(state, "secrets/generated.json"), JSON.stringify(canaries));
  writeFileSync(join(checkout, "package.json"), '{"version":"1.2.3"}');
  execFileSync("git", ["init", "-q", checkout]);
  execFileSync("git", [
    ...["-C", checkout, "-c", "user.name=x", "-c", "user.email=x@x"],
    ...["commit", "-q", "--allow-empty", "-m", "x"],
  ]);
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

const leak = Object.values(canaries)
  .flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(`u:${secret}`).toString("base64"),
    `postgresql://airflow:${secret}@127.0.0.1/airflow`,
  ])
  .join(" and ");

/** A ledger whose every answer holds a secret. */
const ledger = async () => ({
  query: async (sql: string) => ({
    rows: (sql.includes("from ledger.delivery")
      ? []
      : [{ last_error: { reason: leak } }]) as never[],
  }),
  [Symbol.asyncDispose]: async () => {},
});

function unpacked(path: string): Map<string, string> {
  const into = join(checkout, "unpacked");
  mkdirSync(into);
  execFileSync("tar", ["-xzf", path, "-C", into]);
  const all = readdirSync(into, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return new Map(
    all.map((e) => [e.name, readFileSync(join(e.parentPath, e.name), "utf8")] as const),
  );
}

it("has logs, status, ledger and versions, and none of the secrets that were planted in each", async () => {
  for (const file of ["logs/spark.log", "logs/airflow-api.log", "run/status.json", "stack.json"])
    writeFileSync(join(state, file), `before\n${leak}\nafter\n`);
  const path = join(checkout, "bundle.tar.gz");
  const made = await makeBundle({ checkout, stack: "trial", path, ledger, machine: { leak } });
  const files = unpacked(path);
  expect([...files.keys()].toSorted()).toEqual(
    ["airflow-api.log", "bundle.json", "ledger.json", "passports.json", "spark.log", "stack.json"]
      .concat("status.json", "versions.json")
      .toSorted(),
  );
  expect(files.get("spark.log")).toMatch(/^before\n.*\*\*\*.*\nafter\n$/);
  expect(JSON.parse(files.get("versions.json")!)).toMatchObject({ gridata: "1.2.3", changed: [] });
  for (const [name, text] of files)
    for (const form of Object.values(canaries).flatMap(formsOf))
      expect(text.includes(form), `${form} in ${name}`).toBe(false);
  expect(made.missing.map(({ what }) => what)).toEqual(["events.jsonl"]);
});

it("of a stack that does not run says what it could not have", async () => {
  const path = join(checkout, "bundle.tar.gz");
  const made = await makeBundle({
    ...{ checkout, stack: "trial", path, machine: {} },
    ledger: async () => {
      throw new Error(`no ledger at postgresql://reader:${canaries["s3-root"]}@127.0.0.1`);
    },
  });
  expect(made.missing.map(({ what }) => what)).toEqual([
    ...["status.json", "stack.json", "events.jsonl", "ledger.json", "passports.json"],
  ]);
  expect(JSON.stringify(made)).not.toContain(canaries["s3-root"]);
});
