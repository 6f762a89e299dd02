import { describe, expect, it } from "vitest";
import { machineFacts, profileFor, shortages, type MachineFacts } from "./preflight.ts";

const gb = 2 ** 30;
const roomy: MachineFacts = {
  ...{ memoryBytes: 16 * gb, memoryFreeBytes: 12 * gb, diskFreeBytes: 100 * gb },
  ...{ inotifyWatches: 65_536, openFiles: 1_048_576 },
};
const services = [
  { memoryMb: { normal: 2000, small: 1500 } },
  { memoryMb: { normal: 48, small: 36 } },
];
const codes = (facts: Partial<MachineFacts>, profile: "normal" | "small" = "normal") =>
  shortages({ ...roomy, ...facts }, services, profile).map(({ code, fatal }) => [code, fatal]);

describe("the look at the machine before a start", () => {
  it("finds nothing on a roomy one, and nothing where the system does not tell", () => {
    expect(codes({})).toEqual([]);
    const silent = { memoryBytes: null, memoryFreeBytes: null, diskFreeBytes: null };
    expect(codes({ ...silent, inotifyWatches: null, openFiles: null })).toEqual([]);
  });

  it("says what is short, and refuses what can't end well", () => {
    expect(codes({ memoryFreeBytes: 1.9 * gb })).toEqual([["MEMORY_SHORT", false]]);
    expect(codes({ memoryFreeBytes: 1.9 * gb }, "small")).toEqual([]);
    expect(codes({ memoryFreeBytes: 0.9 * gb })).toEqual([["MEMORY_SHORT", true]]);
    expect(codes({ diskFreeBytes: 4 * gb })).toEqual([["DISK_SHORT", false]]);
    expect(codes({ diskFreeBytes: 0.5 * gb })).toEqual([["DISK_SHORT", true]]);
    expect(codes({ inotifyWatches: 100 })).toEqual([["WATCHES_SHORT", false]]);
    expect(codes({ openFiles: 1024 })).toEqual([["FILES_SHORT", false]]);
    expect(codes({ openFiles: 256 })).toEqual([["FILES_SHORT", true]]);
    for (const { fix } of shortages({ ...roomy, diskFreeBytes: 0 }, services, "normal"))
      expect(fix).not.toBe("");
  });

  it("takes the small profile for a machine of 8 GB", () => {
    expect(profileFor({ memoryBytes: 7.7 * gb })).toBe("small");
    expect(profileFor({ memoryBytes: 16 * gb })).toBe("normal");
  });

  it("reads this machine", () => {
    const facts = machineFacts("/");
    expect(facts.memoryBytes).toBeGreaterThan(gb / 2);
    expect(facts.diskFreeBytes).toBeGreaterThan(0);
    expect(facts.openFiles).toBeGreaterThan(0);
  });
});
