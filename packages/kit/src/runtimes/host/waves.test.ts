import { expect, it } from "vitest";
import type { ServiceDef } from "../../model/service.ts";
import { firstWave } from "./waves.ts";

const service = (name: string, accepting: boolean, ...needs: string[]) =>
  ({
    ...{ name, accepting },
    needs: needs.map((other) => ({ service: other, until: "ready" })),
  }) as ServiceDef;

it("the first wave is what accepts files and all that it needs, no more", () => {
  const services = [
    service("database", false),
    service("api", false, "database"),
    service("store", true, "keys"),
    service("keys", false),
    service("gateway", true, "store", "database"),
  ];
  expect([...firstWave({ services })].toSorted()).toEqual(["database", "gateway", "keys", "store"]);
  expect(firstWave({ services: services.slice(0, 2) }).size).toBe(0);
});
