import { expect, it } from "vitest";
import { leaked, type Footprint } from "./look.ts";

const empty: Footprint = {
  ...{ object: [], topic: [], catalog: [], row: [], run: [], folder: [] },
  sessions: 0,
  kept_sessions: 0,
};
const full: Footprint = {
  object: ["raw/t1"],
  topic: ["extra"],
  catalog: ["t1 sales"],
  row: ["ledger.delivery of world t1"],
  run: ["file_watch_ingest t1.b.1"],
  folder: ["/state/drop/t1"],
  sessions: 2,
  kept_sessions: 60,
};

it("names what is there now and was not before, of every kind", () => {
  expect(leaked(empty, full)).toEqual([
    { kind: "object", name: "raw/t1" },
    { kind: "topic", name: "extra" },
    { kind: "catalog", name: "t1 sales" },
    { kind: "row", name: "ledger.delivery of world t1" },
    { kind: "run", name: "file_watch_ingest t1.b.1" },
    { kind: "folder", name: "/state/drop/t1" },
    { kind: "session", name: "2 sessions of Spark that nobody ended" },
    { kind: "session", name: "60 sessions of Spark that ended and stay in memory" },
  ]);
});

it("some sessions in the memory of pools are none", () => {
  expect(leaked(empty, { ...empty, kept_sessions: 50 })).toEqual([]);
});

it("what was there before, or went, is no leak", () => {
  expect(leaked(full, full)).toEqual([]);
  expect(leaked(full, empty)).toEqual([]);
});
