import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { registry } from "./commands/registry.ts";
import { documentSchemas } from "./documents.ts";
import { Exit, KitError } from "./model/errors.ts";

const checkout = join(import.meta.dirname, "../../..");
const breaches = documentSchemas(checkout);

it("every command has a schema, and every schema a command", () => {
  const named = readdirSync(join(checkout, "docs/schemas"))
    .map((file) => file.replace(".schema.json", ""))
    .filter((name) => name !== "common" && name !== "gridata");
  expect(named.toSorted()).toEqual(Object.keys(registry).toSorted());
});

const error = new KitError({
  code: "DEADLINE_PASSED",
  what: "x",
  exit: Exit.deadline,
}).toDocument();

it.each(Object.keys(registry))(
  "%s: a failure needs its error, and a success all its members",
  (name) => {
    const schema = `gridata.${name}/1`;
    expect(breaches({ schema, ok: false, error })).toBeNull();
    expect(breaches({ schema, ok: false })).not.toBeNull();
    expect(breaches({ schema, ok: true })).not.toBeNull();
    expect(breaches({ schema, ok: false, error: { ...error, code: "lower" } })).not.toBeNull();
  },
);
