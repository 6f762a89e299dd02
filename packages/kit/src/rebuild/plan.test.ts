import { expect, it } from "vitest";
import type { Receipt, ReceiptDelivery } from "../verify/facts.ts";
import { rowsOfLake, type LakeFacts } from "./plan.ts";

const table = "sales.transactions_v1";

const delivery = (id: string, verdict: string): ReceiptDelivery => ({
  ...{ delivery: id, verdict, key: `file-${id}`, file_id: `file-${id}`, arrival_ms: 7 },
  ...{ domain: "sales", dataset: "transactions", name: `${id}.csv`, again: false },
  ...{ object_key: `w/drop/sales/transactions/${id}/x`, version_id: "v", size_bytes: 9 },
  records: verdict === "published" ? 2 : 0,
  result: { records: 3, accepted: 2, rejected: 1, refused: null, rejects_uri: "s3://raw/r/" },
});

const receipt = (
  batch: string,
  base: string,
  snapshot: string | null,
  ...deliveries: ReceiptDelivery[]
): Receipt => ({
  ...{ batch, attempt: 1, table, release: "r", base_id: base, snapshot_id: snapshot },
  ...{ rows: 2, deliveries, checks: [] },
});

const snapshot = (id: string, parent: string | null, batch?: string) => ({
  id,
  parent,
  summary: batch ? { "gridata.batch": batch, "gridata.attempt": "1" } : {},
});

/** main: 1 (empty) <- 2 (batch b1). */
const lake = (change: Partial<LakeFacts>): LakeFacts => ({
  tables: [
    {
      name: table,
      ancestry: [snapshot("2", "1", "b1"), snapshot("1", null)],
      snapshots: ["1", "2", "9"],
    },
  ],
  receipts: { "w/_batches/b1/1.json": receipt("b1", "1", "2", delivery("d1", "published")) },
  splits: [],
  verdicts: [],
  staged: [],
  ...change,
});

const states = (facts: LakeFacts) =>
  rowsOfLake(facts).deliveries.map((d) => [d.delivery_id, d.state, d.staged]);

it("brings back verdict, publication and batch of what main shows", () => {
  const rows = rowsOfLake(lake({}));
  expect(rows.publications).toEqual([
    {
      ...{ table_name: table, publication_key: "file-d1", delivery_id: "d1", file_id: "file-d1" },
      ...{ batch_id: "b1", snapshot_id: "2" },
    },
  ]);
  expect(rows.batches).toMatchObject([{ batch_id: "b1", state: "published", snapshot_id: "2" }]);
  expect(rows.deliveries).toMatchObject([
    { delivery_id: "d1", state: "published", records_in: 3, records_published: 2, staged: false },
  ]);
});

it("takes no receipt for true whose snapshot is not in main", () => {
  const receipts = { "w/_batches/b2/1.json": receipt("b2", "2", "9", delivery("d2", "published")) };
  expect(rowsOfLake(lake({ receipts }))).toEqual({ batches: [], deliveries: [], publications: [] });
});

it("has published what an expired snapshot held, if its receipt says so", () => {
  const old = { ...receipt("b0", "0", "7", delivery("d0", "published")) };
  const nothing = receipt("b5", "7", null, { ...delivery("d5", "published"), records: 0 });
  const receipts = (settled: Receipt["settled"] | null) =>
    Object.fromEntries(
      [old, nothing].map((one) => [
        `w/_batches/${one.batch}/1.json`,
        { ...one, ...(settled && { settled }) },
      ]),
    );
  const published = (settled: Receipt["settled"] | null) =>
    rowsOfLake(lake({ receipts: receipts(settled) })).publications.map((p) => p.delivery_id);
  expect(published("published")).toEqual(["d0", "d5"]);
  expect(published("rolled_back")).toEqual([]);
  expect(published(null)).toEqual([]);
});

it("leaves what is staged and has no verdict to the dispatcher, and marks what is to be deleted", () => {
  const at = (id: string) => ({
    ...{ key: `w/drop/sales/transactions/${id}/x`, versionId: "v", size: 1, age_s: 1 },
  });
  expect(states(lake({ staged: [at("d1"), at("d5")] }))).toEqual([["d1", "published", true]]);
});

it("calls a delivery published that a later receipt calls a duplicate of itself", () => {
  const receipts = {
    ...lake({}).receipts,
    "w/_batches/b3/1.json": receipt("b3", "2", null, {
      ...delivery("d1", "duplicate"),
      key: "file-d1",
    }),
  };
  expect(states(lake({ receipts }))).toEqual([["d1", "published", false]]);
});

it("points a duplicate to the snapshot of its content", () => {
  const twin = { ...delivery("d4", "duplicate"), file_id: "file-d1" };
  const receipts = { ...lake({}).receipts, "w/_batches/b4/1.json": receipt("b4", "2", null, twin) };
  const found = rowsOfLake(lake({ receipts })).deliveries.find((d) => d.delivery_id === "d4");
  expect(found).toMatchObject({ state: "duplicate", snapshot_id: "2" });
});

it("keeps rejections: of a check that split a batch, and of a file that was refused whole", () => {
  const refused = { code: "FILE_EMPTY", reason: "it has no content" };
  const facts = lake({
    splits: [
      {
        ...receipt("b6", "2", null, {
          ...delivery("d6", "rejected"),
          reason: { code: "QUALITY_CHECK_FAILED", reason: "too few" },
        }),
      },
    ],
    verdicts: [
      {
        key: "w/rejected/sales/transactions/file-d7/01a20f83-4be2-7568-8512-c44a9517d3b2/1/verdict.json",
        ...{ name: "empty.csv", file_id: "file-d7", records: null, rejected: null, refused },
        delivery_id: "01a20f83-4be2-7568-8512-c44a9517d3b2",
      },
    ],
  });
  const rows = rowsOfLake(facts).deliveries.filter(({ state }) => state === "rejected");
  expect(rows.map(({ name, reason }) => [name, reason?.code])).toEqual([
    ["d6.csv", "QUALITY_CHECK_FAILED"],
    ["empty.csv", "FILE_EMPTY"],
  ]);
  expect(new Date(rows[1]!.arrival_ms).getUTCFullYear()).toBe(2026);
});

it("has a file without rows published at the base of its batch", () => {
  const empty = { ...delivery("d8", "published"), records: 0 };
  const receipts = { "w/_batches/b8/1.json": receipt("b8", "2", null, empty) };
  const rows = rowsOfLake(lake({ receipts }));
  expect(rows.batches).toMatchObject([{ batch_id: "b8", state: "nothing", snapshot_id: "2" }]);
  expect(rows.publications).toMatchObject([{ publication_key: "file-d8", snapshot_id: "2" }]);
});

it("leaves a refused file that is still staged to the dispatcher: a failed attempt may have refused it", () => {
  const delivery_id = "01a20f83-4be2-7568-8512-c44a9517d3b2";
  const key = `w/drop/sales/transactions/${delivery_id}/empty.csv`;
  const verdict = {
    key: `w/rejected/sales/transactions/file-d7/${delivery_id}/1/verdict.json`,
    ...{ name: "empty.csv", file_id: "file-d7", delivery_id, records: null, rejected: null },
    refused: { code: "FILE_EMPTY", reason: "it has no content" },
  };
  const staged = [{ key, versionId: "v", size: 1, age_s: 1 }];
  expect(states(lake({ verdicts: [verdict], staged }))).toEqual([["d1", "published", false]]);
  expect(states(lake({ verdicts: [verdict] }))).toHaveLength(2);
});
