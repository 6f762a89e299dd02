import { describe, expect, it } from "vitest";
import { hopNames, passport, type PassportBatch, type RecordedHop } from "./passport.ts";

const hop = (
  name: RecordedHop["name"],
  state: RecordedHop["state"] = "done",
  attempt = 1,
): RecordedHop => ({
  name,
  state,
  attempt,
  started_at: `2026-11-01T00:00:0${attempt}.000Z`,
  ended_at: `2026-11-01T00:00:0${attempt}.500Z`,
  ref: null,
  why: state === "failed" ? "the store did not answer" : null,
});
const batch: PassportBatch = {
  batch_id: "b1",
  state: "open",
  phase: "ingest",
  attempt: 1,
  last_error: null,
  slot_holder: null,
};

describe("passport", () => {
  it("of a published file lists all hops; the event that never came is no fault", () => {
    const recorded = hopNames.filter((name) => name !== "announced").map((name) => hop(name));
    const hops = passport(
      { state: "published", reason: null },
      { ...batch, state: "published" },
      recorded,
    );
    expect(hops.map((h) => h.name)).toEqual([...hopNames]);
    expect(hops.filter((h) => h.state === "done")).toHaveLength(9);
    expect(hops[2]).toMatchObject({
      name: "announced",
      state: "skipped",
      why: expect.stringContaining("listing"),
    });
  });
  it("names the first hop that is missing and says why; the others just wait", () => {
    const recorded = [hop("dropped"), hop("staged"), hop("announced"), hop("dispatched")];
    const hops = passport({ state: "running", reason: null }, batch, recorded);
    const missing = hops.filter((h) => h.state === "missing");
    expect(missing[0]).toMatchObject({
      name: "validated",
      why: expect.stringContaining("attempt 1 of batch b1"),
    });
    expect(missing.slice(1).every((h) => h.why === null)).toBe(true);
  });
  it("says which batch holds the slot", () => {
    const hops = passport(
      { state: "running", reason: null },
      { ...batch, phase: "publish", slot_holder: "b0" },
      [hop("dropped"), hop("staged"), hop("dispatched"), hop("validated"), hop("raw")],
    );
    expect(hops.find((h) => h.state === "missing")).toMatchObject({
      name: "written",
      why: expect.stringContaining("b0 holds"),
    });
  });
  it("shows a failed hop with its cause, and the success of a later attempt instead of it", () => {
    const failed = passport({ state: "running", reason: null }, batch, [
      hop("dropped"),
      hop("validated", "failed"),
    ]);
    expect(failed.find((h) => h.name === "validated")).toMatchObject({
      state: "failed",
      why: "the store did not answer",
    });
    const healed = passport({ state: "running", reason: null }, batch, [
      hop("validated", "failed"),
      hop("validated", "done", 2),
    ]);
    expect(healed.find((h) => h.name === "validated")).toMatchObject({
      state: "done",
      started_at: "2026-11-01T00:00:02.000Z",
    });
  });
  it("of a rejected file does not wait for hops that will never come", () => {
    const hops = passport({ state: "rejected", reason: { code: "THRESHOLD" } }, batch, [
      hop("dropped"),
      hop("staged"),
      hop("validated"),
    ]);
    expect(hops.some((h) => h.state === "missing")).toBe(false);
  });
});
