import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const checkout = join(import.meta.dirname, "../../../..");
const read = (path: string) => readFileSync(join(checkout, path), "utf8");

const sources = [
  "packages/kit/src",
  "apps/gateway/src",
  "apps/dispatcher/src",
  "pipeline/src",
].flatMap((dir) =>
  readdirSync(join(checkout, dir), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|py)$/.test(path) && !path.endsWith(".test.ts"))
    .map((path) => join(dir, path)),
);
const thrown = new Set(
  sources.flatMap((path) => [
    ...[
      ...read(path).matchAll(/(?:code: |KitError\(\s*|Refused\(\s*|"code": )"([A-Z][A-Z_]+)"/g),
    ].map((match) => match[1]!),
    // The compiler of contracts tells its codes by their place in a call.
    ...[...read(path).matchAll(/"(CONTRACT_[A-Z_]+)"/g)].map((match) => match[1]!),
  ]),
);

it("docs/errors.md explains every code that can be thrown", () => {
  const page = read("docs/errors.md");
  expect(thrown.size).toBeGreaterThan(30);
  const missing = [...thrown].filter((code) => !page.includes(`id="${code.toLowerCase()}"`));
  // A batch that is split is a word of the ledger, not an error.
  expect(missing).toEqual([]);
});
