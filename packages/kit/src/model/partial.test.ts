import { expect, it } from "vitest";
import { partOf } from "./partial.ts";
import type { StackDef } from "./service.ts";

const service = (name: string, ...needs: string[]) => ({
  ...{ name, needs: needs.map((other) => ({ service: other, until: "ready" })) },
});
const proof = (name: string, ...needs: string[]) => ({ name, needs });
const stack = {
  services: [
    service("database"),
    service("store"),
    service("catalog", "database", "store"),
    service("engine"),
    service("scheduler", "database"),
  ],
  proofs: [
    proof("append", "catalog", "engine"),
    proof("road", "append", "scheduler"),
    proof("far", "append"),
  ],
} as unknown as StackDef;
const names = (all: { name: string }[]) => all.map(({ name }) => name);

it("a part has what its services need, and the proofs that it can give", () => {
  const part = partOf(stack, ["catalog", "engine"]);
  expect(names(part.services)).toEqual(["database", "store", "catalog", "engine"]);
  expect(names(part.proofs)).toEqual(["append", "far"]);
  expect(names(partOf(stack, ["store"]).proofs)).toEqual([]);
  expect(partOf(stack, names(stack.services))).toEqual(stack);
});

it("a service that does not exist is refused, with the nearest name", () => {
  expect(() => partOf(stack, ["catalogue"])).toThrow("there is no service 'catalogue'");
});
