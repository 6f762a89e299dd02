import { expect, it } from "vitest";
import { criticalPath } from "./critical-path.ts";
import type { Phase } from "./status.ts";

const service = (name: string, ready_after: number | null, phases: Phase[]) =>
  ({ name, ready_after, phases }) as never;
const own = (from: number, to: number, what = "its own start"): Phase => ({
  what,
  on: null,
  from,
  to,
});
const on = (name: string, from: number, to: number): Phase => ({ what: name, on: name, from, to });

it("goes back from the last to be ready through whom it waited for", () => {
  const path = criticalPath({
    accepting_after: 1.5,
    services: [
      service("postgres", 1, [
        on("postgres-tool", 0, 0.01),
        own(0.1, 0.8),
        own(0.8, 1, "migrations"),
      ]),
      service("store", 1.5, [own(0.1, 1.5)]),
      service("api", 11, [on("accepting", 0.1, 1.5), on("postgres", 1.5, 1.5), own(1.5, 11)]),
      service("spark", 5, [on("accepting", 0.1, 1.5), own(1.5, 5)]),
    ],
    proofs: [
      {
        ...{ name: "road", summary: "", state: "done", waiting_for: null, log: "", error: null },
        ...{ done_after: 14, phases: [on("spark", 0, 5), on("api", 5, 11), own(11, 14, "a file")] },
      },
    ],
  });
  expect(path).toEqual([
    { name: "store", what: "its own start", from: 0.1, to: 1.5 },
    { name: "api", what: "its own start", from: 1.5, to: 11 },
    { name: "road", what: "a file", from: 11, to: 14 },
  ]);
});

it("names a tool that had to be made", () => {
  const services = [service("store", 220, [on("store-tool", 0, 218), own(218, 220)])];
  expect(criticalPath({ accepting_after: 220, services, proofs: [] })).toEqual([
    { name: "store", what: "store-tool", from: 0, to: 218 },
    { name: "store", what: "its own start", from: 218, to: 220 },
  ]);
});

it("is empty before anything is ready", () => {
  const services = [service("store", null, [on("tool", 0, 3)])];
  expect(criticalPath({ accepting_after: null, services, proofs: [] })).toEqual([]);
});
