import { describe, expect, it } from "vitest";
import { decide, type Observation } from "./stability.ts";

const file = (changes: Partial<Observation>): Observation => ({
  size: 10,
  writer: "none",
  quietMs: 10_000,
  requested: false,
  ...changes,
});

describe("a file in the drop folder", () => {
  it("is left alone while somebody writes, however long its size stands still", () => {
    expect(decide(file({ writer: "writing", quietMs: 3_600_000 })).take).toBe(false);
  });
  it("is taken once its writer is gone and it was quiet for a moment", () => {
    expect(decide(file({ quietMs: 30 }))).toEqual({ take: false, lookAgainMs: 70 });
    expect(decide(file({ quietMs: 100 })).take).toBe(true);
  });
  it("that drop put there whole is taken at once", () => {
    expect(decide(file({ quietMs: 0, requested: true })).take).toBe(true);
    expect(decide(file({ writer: "writing", quietMs: 0, requested: true })).take).toBe(false);
  });
  it("and is empty gets time to be filled", () => {
    expect(decide(file({ size: 0, quietMs: 500 }))).toEqual({ take: false, lookAgainMs: 1_500 });
    expect(decide(file({ size: 0, quietMs: 2_000 })).take).toBe(true);
  });
  it("of which the system can't say whether it is written waits long", () => {
    expect(decide(file({ writer: "unknown", quietMs: 3_000 })).take).toBe(false);
    expect(decide(file({ writer: "unknown", quietMs: 3_000, requested: true })).take).toBe(false);
    expect(decide(file({ writer: "unknown", quietMs: 5_000 })).take).toBe(true);
  });
  it("is looked at again soon while it is written, and less often when that takes long", () => {
    expect(decide(file({ writer: "writing", quietMs: 0 }))).toEqual({
      take: false,
      lookAgainMs: 20,
    });
    expect(decide(file({ writer: "writing", quietMs: 60_000 }))).toEqual({
      take: false,
      lookAgainMs: 250,
    });
  });
});
