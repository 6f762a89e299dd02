import { describe, expect, it } from "vitest";
import type { Facts } from "./facts.ts";
import { verifyFacts } from "./index.ts";
import { confirmed } from "./look.ts";

const file = "f".repeat(64);
const table = "sales.transactions_v1";
const checked = [{ name: "rows_accounted", severity: "error", passed: true }];

/** One file, published by attempt 1 of batch b1 as snapshot 2 on the table's first one; one staged, and one parked. */
function healthy(): Facts {
  const delivery = {
    domain: "sales",
    dataset: "transactions",
    version_id: "v",
    table_name: table,
    records_in: "3",
    records_published: "2",
    records_rejected: "1",
    reason: null,
    age_s: 1000,
  };
  const open = { records_in: null, records_published: null, records_rejected: null };
  return {
    world: "w",
    deliveries: [
      {
        ...delivery,
        delivery_id: "d1",
        object_key: "w/drop/sales/transactions/d1/a.csv",
        file_id: file,
        state: "published",
        batch_id: "b1",
        snapshot_id: "2",
        rejects_uri: `s3://raw/w/rejected/sales/transactions/${file}/d1/1/`,
        unstaged: true,
      },
      {
        ...delivery,
        ...open,
        delivery_id: "d2",
        object_key: "w/drop/sales/transactions/d2/b.csv",
        file_id: null,
        state: "parked",
        reason: { code: "NO_CONTRACT" },
        batch_id: null,
        snapshot_id: null,
        rejects_uri: null,
        unstaged: false,
      },
    ],
    batches: [
      {
        batch_id: "b1",
        table_name: table,
        state: "published",
        phase: "publish",
        attempt: 1,
        snapshot_id: "2",
        receipt_key: "w/_batches/b1/1.json",
        holds_slot: false,
        lease_over_s: null,
        backoff_over_s: 1000,
      },
    ],
    members: [
      {
        batch_id: "b1",
        delivery_id: "d1",
        file_id: file,
        result: { records: 3, accepted: 2, rejected: 1, refused: null },
      },
    ],
    intents: [
      { batch_id: "b1", attempt: 1, table_name: table, snapshot_id: "2", state: "published" },
    ],
    publications: [
      {
        table_name: table,
        publication_key: file,
        delivery_id: "d1",
        file_id: file,
        batch_id: "b1",
        snapshot_id: "2",
      },
    ],
    slots: [],
    tables: [
      {
        name: table,
        refs: { main: "2" },
        ancestry: [
          { id: "2", parent: "1", summary: { "gridata.batch": "b1", "gridata.attempt": "1" } },
          { id: "1", parent: null, summary: { "total-records": "0" } },
        ],
        snapshots: ["1", "2"],
        mode: "append",
        rows: [{ delivery_id: "d1", file_id: file, rows: 2, distinct_rows: 2 }],
      },
    ],
    receipts: {
      "w/_batches/b1/1.json": {
        batch: "b1",
        attempt: 1,
        table,
        release: "r",
        base_id: "1",
        snapshot_id: "2",
        rows: 2,
        deliveries: [
          {
            ...{ delivery: "d1", verdict: "published", key: file, file_id: file, records: 2 },
            ...{ arrival_ms: 1, domain: "sales", dataset: "transactions", name: "a.csv" },
            ...{ object_key: "k", version_id: "v", size_bytes: 9, again: false, result: null },
          },
        ],
        checks: checked,
      },
    },
    staged: [{ key: "w/drop/sales/transactions/d2/b.csv", size: 1, versionId: "v", age_s: 1000 }],
    parquet: [{ key: `w/parquet/${table}/b1/1/d1.parquet`, size: 1, versionId: null, age_s: 1000 }],
    raw: [
      `w/sales/transactions/dt=2026-11-01/${file}/a.csv`,
      `w/rejected/sales/transactions/${file}/d1/1/verdict.json`,
      `w/rejected/sales/transactions/${file}/d1/1/records.jsonl`,
    ].map((key) => ({ key, size: 1, versionId: null, age_s: 1000 })),
    evidence: { d1: 1 },
    taken: [],
    runs: [{ dag: "file_watch_ingest", batch: "b1", attempt: 1, live: false }],
  };
}

const failed = (facts: Facts) =>
  verifyFacts(facts)
    .filter(({ state }) => state === "failed")
    .map(({ name }) => name);

/** A batch whose work nothing carries on. */
const abandoned = {
  batch_id: "b9",
  table_name: table,
  state: "open",
  phase: "ingest",
  attempt: 1,
  snapshot_id: null,
  receipt_key: null,
  holds_slot: false,
  lease_over_s: 1000,
  backoff_over_s: 1000,
} as const;

const violations: [string, string, (facts: Facts) => void][] = [
  [
    "publications_once",
    "a file published by two snapshots",
    (f) => {
      const [first] = f.tables[0]!.ancestry;
      f.tables[0]!.ancestry.unshift({
        id: "3",
        parent: "2",
        summary: { "gridata.batch": "b2", "gridata.attempt": "1" },
      });
      f.receipts["w/_batches/b2/1.json"] = {
        ...f.receipts["w/_batches/b1/1.json"]!,
        batch: "b2",
        base_id: first!.id,
        snapshot_id: "3",
      };
    },
  ],
  ["publications_agree", "a publication that the ledger forgot", (f) => (f.publications = [])],
  [
    "publications_agree",
    "a publication that the lake lacks",
    (f) => (f.tables[0]!.ancestry.length = 0),
  ],
  [
    "verdicts_agree",
    "a verdict that its receipt contradicts",
    (f) => (f.deliveries[0]!.state = "duplicate"),
  ],
  ["rows_once", "a row that is there twice", (f) => (f.tables[0]!.rows![0]!.rows = 4)],
  [
    "rows_once",
    "rows that nobody published",
    (f) => f.tables[0]!.rows!.push({ delivery_id: "dx", file_id: "x", rows: 1, distinct_rows: 1 }),
  ],
  ["rows_once", "rows of a table that only grows are gone", (f) => (f.tables[0]!.rows = [])],
  [
    "snapshots_audited",
    "a snapshot that no batch wrote",
    (f) => (f.tables[0]!.ancestry[0]!.summary = {}),
  ],
  ["snapshots_audited", "a snapshot without a receipt", (f) => (f.receipts = {})],
  [
    "snapshots_audited",
    "a snapshot whose check failed",
    (f) => (f.receipts["w/_batches/b1/1.json"]!.checks = [{ ...checked[0]!, passed: false }]),
  ],
  [
    "snapshots_audited",
    "a snapshot on another base",
    (f) => (f.receipts["w/_batches/b1/1.json"]!.base_id = "9"),
  ],
  [
    "staged_known",
    "an object that nobody registered",
    (f) => f.staged.push({ key: "w/drop/a/b/x/y", size: 1, versionId: "z", age_s: 1000 }),
  ],
  [
    "staged_known",
    "a published version that stays staged",
    (f) =>
      f.staged.push({ key: f.deliveries[0]!.object_key, size: 1, versionId: "v", age_s: 1000 }),
  ],
  ["staged_kept", "a delivery whose object is lost", (f) => (f.staged = [])],
  [
    "raw_known",
    "an original that nobody delivered",
    (f) =>
      f.raw.push({
        key: "w/sales/transactions/dt=2026-11-01/e/a.csv",
        size: 1,
        versionId: null,
        age_s: 1000,
      }),
  ],
  ["raw_kept", "a published file without its original", (f) => f.raw.shift()],
  ["raw_kept", "bad records without their verdict", (f) => f.raw.splice(1, 1)],
  [
    "parquet_known",
    "a typed file of no batch",
    (f) =>
      f.parquet.push({ key: "w/parquet/t/bx/1/d.parquet", size: 1, versionId: null, age_s: 0 }),
  ],
  ["batches_move", "a batch that nothing works on", (f) => f.batches.push(abandoned)],
  [
    "batches_move",
    "a slot that a closed batch holds",
    (f) => f.slots.push({ table_name: table, holder: "b1" }),
  ],
  [
    "deliveries_move",
    "a delivery in a batch that is closed",
    (f) => Object.assign(f.deliveries[1]!, { state: "running", batch_id: "b1" }),
  ],
  [
    "deliveries_move",
    "a staged delivery that no batch takes",
    (f) => Object.assign(f.deliveries[1]!, { state: "staged" }),
  ],
  ["intents_closed", "an open intent of a closed batch", (f) => (f.intents[0]!.state = "open")],
  [
    "intents_closed",
    "a void intent whose snapshot is in main",
    (f) => (f.intents[0]!.state = "void"),
  ],
  [
    "records_conserved",
    "a record that is neither accepted nor rejected",
    (f) => (f.deliveries[0]!.records_in = "4"),
  ],
  ["records_conserved", "a bad record without evidence", (f) => (f.evidence["d1"] = 0)],
  [
    "records_conserved",
    "an accepted record that was not published",
    (f) => (f.deliveries[0]!.records_published = "1"),
  ],
  ["branches_live", "a branch of a closed batch", (f) => (f.tables[0]!.refs["audit_b1_1"] = "2")],
  [
    "taken_brought",
    "a file that stays in the private folder",
    (f) => f.taken.push({ name: "x", age_s: 1000 }),
  ],
  ["runs_ended", "a run of a closed batch that goes on", (f) => (f.runs![0]!.live = true)],
];

describe("ledger verify", () => {
  it("finds nothing in a healthy world, having looked at something in every check", () => {
    const results = verifyFacts({
      ...healthy(),
      batches: [...healthy().batches, { ...abandoned, lease_over_s: -5 }],
    });
    expect(results.filter(({ state }) => state !== "passed")).toEqual([]);
  });

  it.each(violations)("%s finds %s", (check, _what, plant) => {
    const facts = healthy();
    plant(facts);
    expect(failed(facts)).toContain(check);
  });

  it("does not pass for lack of anything to look at", () => {
    const nothing: Facts = {
      ...healthy(),
      ...{ deliveries: [], batches: [], members: [], intents: [], publications: [], tables: [] },
      ...{ receipts: {}, staged: [], parquet: [], raw: [], evidence: {}, runs: null },
    };
    expect(new Set(verifyFacts(nothing).map(({ state }) => state))).toEqual(new Set(["empty"]));
  });

  it("lets a batch in mid-flight be: its commit is in main, and the ledger hears of it next", () => {
    const facts = healthy();
    facts.batches[0]!.state = "open";
    facts.batches[0]!.lease_over_s = -5;
    facts.publications = [];
    facts.intents[0]!.state = "open";
    Object.assign(facts.deliveries[0]!, { state: "running", records_published: null });
    facts.staged.push({ key: facts.deliveries[0]!.object_key, size: 1, versionId: "v", age_s: 5 });
    facts.tables[0]!.refs["audit_b1_1"] = "2";
    expect(failed(facts)).toEqual([]);
  });

  /** Snapshot 3 follows, and 1 and 2 expire. */
  const expired = (settled: "published" | "rolled_back" | null): Facts => {
    const facts = healthy();
    const [file1] = Object.values(facts.receipts);
    const summary = { "gridata.batch": "b2", "gridata.attempt": "1" };
    Object.assign(facts.tables[0]!, {
      ...{ refs: { main: "3" }, ancestry: [{ id: "3", parent: "2", summary }], snapshots: ["3"] },
    });
    facts.receipts["w/_batches/b2/1.json"] = {
      ...file1!,
      ...{ batch: "b2", base_id: "2", snapshot_id: "3", deliveries: [], rows: 0 },
    };
    if (settled) file1!.settled = settled;
    return facts;
  };

  it("goes by what the receipt of an expired snapshot says", () => {
    expect(failed(expired("published"))).toEqual([]);
    for (const settled of ["rolled_back", null] as const)
      expect(failed(expired(settled))).toEqual(
        expect.arrayContaining(["publications_agree", "rows_once", "intents_closed"]),
      );
  });

  it("does not believe a receipt whose snapshot can be looked for", () => {
    const facts = expired("published");
    facts.tables[0]!.snapshots.push("2");
    expect(failed(facts)).toContain("publications_agree");
  });

  it("reports what two looks saw, and not what was only under way", () => {
    const broken = healthy();
    broken.publications = [];
    const [first, second] = [verifyFacts(broken), verifyFacts(healthy())];
    expect(confirmed(first, second).filter(({ state }) => state === "failed")).toEqual([]);
    expect(confirmed(first, first).find(({ name }) => name === "publications_agree")?.state).toBe(
      "failed",
    );
  });
});
