import { expect, it } from "vitest";
import { intakeGate, watermarkOf } from "./watermark.ts";

const gib = 2 ** 30;
const at = (free: number) => ({ free: free * gib, total: 100 * gib });

it("pauses below the mark, says so once, and resumes by itself with room to spare", () => {
  const gate = intakeGate(null);
  expect([10, 1.9, 1.8, 2.1, 2.6, 2.1].map((free) => gate.look(at(free)))).toEqual([
    { open: true, changed: false },
    { open: false, changed: true },
    { open: false, changed: false },
    { open: false, changed: false },
    { open: true, changed: true },
    { open: true, changed: false },
  ]);
});

it("asks less of a small disk, and what the user says of any", () => {
  expect(watermarkOf({ total: 10 * gib }, null).low).toBe(0.5 * gib);
  expect(watermarkOf({ total: 10 * gib }, 3 * gib)).toEqual({ low: 3 * gib, high: 3.75 * gib });
});
