import { describe, expect, it } from "vitest";
import type { Value } from "../model/service.ts";
import { profileFor, shortages } from "../runtimes/host/preflight.ts";
import { stackDef } from "../services/index.ts";

const gb = 2 ** 30;
const heapOf = (values: readonly Value[], profile: "normal" | "small"): number => {
  const text = values
    .map((value) => (typeof value === "object" && value.kind === "sized" ? value[profile] : value))
    .filter((value) => typeof value === "string")
    .join(" ");
  const found = /-Xmx(\d+)([mg])/.exec(text);
  return found ? Number(found[1]) * (found[2] === "g" ? 1024 : 1) : 0;
};

describe("the profile of a machine of 8 GB", () => {
  const machine = { memoryBytes: 7.7 * gb, memoryFreeBytes: 3.5 * gb, diskFreeBytes: 100 * gb };
  const facts = { ...machine, inotifyWatches: null, openFiles: null };

  it("is chosen by itself there, and the whole stack fits beside what else runs on it", () => {
    expect(profileFor(facts)).toBe("small");
    expect(shortages(facts, stackDef.services, "small")).toEqual([]);
  });

  it("takes less of every service that is sized, and no service more", () => {
    for (const { name, memoryMb } of stackDef.services)
      expect(memoryMb.small, name).toBeLessThanOrEqual(memoryMb.normal);
    const heaps = (profile: "normal" | "small") =>
      stackDef.services.map(({ process }) => heapOf(process.argv, profile));
    const [normal, small] = [heaps("normal"), heaps("small")];
    expect(small.filter((heap) => heap > 0).length).toBeGreaterThanOrEqual(3);
    const sized = stackDef.services.filter((_, i) => small[i]! > 0).map(({ name }) => name);
    const less = stackDef.services.filter((_, i) => small[i]! < normal[i]!).map(({ name }) => name);
    expect(less).toEqual(sized);
  });
});
