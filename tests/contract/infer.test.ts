import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "@gridata/kit/commands/command";
import { infer } from "@gridata/kit/commands/infer";
import { standardOf } from "@gridata/kit/commands/standard";
import { style } from "@gridata/kit/commands/style";
import { compileContract, type Standard } from "@gridata/kit/contracts";
import { spellType } from "@gridata/kit/contracts/types";
import { writeFormats } from "../clients.ts";
import { customers, inventory, prices, readings, transactions } from "@gridata/testkit";

const checkout = join(import.meta.dirname, "../..");
let dir: string;
let standard: Standard;
const context = (): Context => ({
  ...{ args: [], options: {}, checkout, cwd: dir, stack: "none", world: "default" },
  ...{ timeoutSeconds: null, json: true, color: false, tty: false },
  ...{
    signal: new AbortController().signal,
    say: () => undefined,
    emit: () => undefined,
    style: style(false),
  },
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "gridata-infer-"));
  standard = await standardOf(context());
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function inferred(name: string, bytes: Buffer | string) {
  await writeFile(join(dir, name), bytes);
  const { document } = await infer(context(), name);
  const {
    contract: text,
    notes,
    records,
    accepted,
    reason,
  } = document as {
    contract: string;
    notes: { column: string | null; text: string }[];
    records: string | null;
    accepted: string;
    reason: string | null;
  };
  const { contract, problems } = compileContract(
    `contracts/drafts/${/^name: (.*)$/m.exec(text)![1]}.odcs.yaml`,
    text,
    standard,
  );
  expect(problems).toEqual([]);
  const types = Object.fromEntries(
    contract!.columns.map(({ name: column, type }) => [column, spellType(type)]),
  );
  return { contract: contract!, types, notes, records, accepted, reason };
}

/** A file of 40 records that a library wrote. */
async function written(name: string) {
  const folder = join(dir, "formats");
  if (!existsSync(folder)) {
    await mkdir(folder);
    await writeFormats(checkout, folder);
  }
  return { bytes: await readFile(join(folder, name)), records: 40 };
}

const lines = (...rows: string[]) => rows.join("\n") + "\n";
const many = (count: number, row: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => row(i));

interface Case {
  name: string;
  bytes: string | Buffer;
  types: Record<string, string>;
  with?: Record<string, unknown>;
  says?: string;
}

const cases: Record<string, Case> = {
  "a plain CSV": {
    name: "plain.csv",
    bytes: lines("id,price,on,ok", "1,1.50,2026-01-31,true", "2,22.75,2026-02-01,false"),
    types: { id: "bigint", price: "decimal(10,2)", on: "date", ok: "boolean" },
    with: { partition: [{ transform: "day", column: "on", name: "dt" }] },
  },
  "tabs, no header": {
    name: "bare.tsv",
    bytes: lines("1\tx\t2026-01-31T10:00:00Z", "2\ty\t2026-01-31T11:00:00+01:00"),
    types: { column_1: "int", column_2: "string", column_3: "timestamptz" },
    with: { dialect: { delimiter: "\t", header: false } },
    says: "columns are named by their place",
  },
  "single quotes, and delimiters inside of them": {
    name: "single.csv",
    bytes: lines("a,b", "'x, y',1", "'it''s',2", "'z',3"),
    types: { a: "string", b: "int" },
    with: { dialect: { quote: "'", escape: "'" } },
  },
  "headers that are no names": {
    name: "headers.csv",
    bytes: lines("Order No,order no,2nd,Straße", "1,2,3,x", "4,5,6,y"),
    types: { Order_No: "bigint", order_no_2: "bigint", column_2nd: "int", Strasse: "string" },
    says: "kept as physicalName",
  },
  "codes with leading zeros, postcodes and telephones stay texts": {
    name: "codes.csv",
    bytes: lines("code,zip,phone,n", "007,10115,49301,7", "042,20095,49302,8"),
    types: { code: "string", zip: "string", phone: "string", n: "int" },
    says: "leading zeros",
  },
  "whole numbers of more than 32 bits, and of more than 64": {
    name: "large.csv",
    bytes: lines("a,b", "3000000000,99999999999999999999999", "1,2"),
    types: { a: "bigint", b: "decimal(38,0)" },
  },
  "exponents, and more digits than a decimal is sensible for": {
    name: "double.csv",
    bytes: lines("a,b", "1e-3,0.123456789012", "2.5E10,1"),
    types: { a: "double", b: "double" },
  },
  "months before days": {
    name: "us.csv",
    bytes: lines("d,t", "01/31/2026,01/31/2026 23:59:59", "02/01/2026,02/01/2026 00:00:00"),
    types: { d: "date", t: "timestamp" },
    with: { columns: [{ format: "MM/dd/yyyy" }, { format: "MM/dd/yyyy HH:mm:ss" }] },
  },
  "days that could be months": {
    name: "ambiguous.csv",
    bytes: lines("d,x", "01/02/2026,a", "03/04/2026,b"),
    types: { d: "date", x: "string" },
    says: "read as dd/MM/yyyy, and MM/dd/yyyy",
  },
  "a column without a value": {
    name: "empty.csv",
    bytes: lines("a,b", "1,", "2,"),
    types: { a: "int", b: "string" },
    says: "no value in this file",
  },
  "few words in many records": {
    name: "enum.csv",
    bytes: lines("n,state", ...many(100, (i) => `${i % 60},${["open", "closed", ""][i % 3]}`)),
    types: { n: "int", state: "string" },
    with: { columns: [{}, { enum: ["closed", "open"], required: false }] },
  },
  "a header and nothing else": {
    name: "header.csv",
    bytes: lines("a,b"),
    types: { a: "string", b: "string" },
  },
  "a few records that have too many cells": {
    name: "ragged.csv",
    bytes: lines("a,b", ...many(100, (i) => (i === 50 ? "1,2,3" : `${i},x`))),
    types: { a: "int", b: "string" },
    with: { errorThreshold: { kind: "share", value: 0.01 } },
    says: "up to 1% bad records",
  },
  "a gzip of CSV": {
    name: "packed.csv.gz",
    bytes: gzipSync(lines("a,b", "1,x", "2,y")),
    types: { a: "int", b: "string" },
    with: { compression: "gzip" },
  },
  "nested JSON Lines": {
    name: "nested.jsonl",
    bytes: lines(
      '{"user-id": 1, "who": {"e-mail": "a@example.com", "age": 3}, "tags": ["a", null], "big": 12345678901, "when": "2026-01-31T10:00:00Z"}',
      '{"user-id": 2, "who": {"e-mail": "b@example.com"}, "tags": [], "big": 1, "when": "2026-01-31T10:00:00+01:00", "x": 1.25}',
    ),
    types: {
      user_id: "bigint",
      who: "struct<e_mail:string,age:int>",
      tags: "array<string>",
      big: "bigint",
      when: "timestamptz",
      x: "decimal(10,2)",
    },
    says: "it seems to be an e-mail address",
  },
  "objects whose names are keys": {
    name: "map.jsonl",
    bytes: lines(...many(40, (i) => `{"id": "k${i}", "counts": {"key-${i}": ${i}}}`)),
    types: { id: "string", counts: "map<string,int>" },
    says: "taken for a map",
  },
  "a JSON array": {
    name: "array.json",
    bytes: JSON.stringify(
      [
        { a: 1, b: [{ c: "x" }] },
        { a: null, b: [] },
      ],
      null,
      2,
    ),
    types: { a: "int", b: "array<struct<c:string>>" },
    with: { format: "json" },
  },
};

describe("a contract that is inferred from a file accepts that file", () => {
  it.each(Object.entries(cases))("%s", async (_, one) => {
    const found = await inferred(one.name, one.bytes);
    expect(found.reason).toBeNull();
    expect(found.types).toEqual(one.types);
    expect(found.contract).toMatchObject(one.with ?? {});
    expect(found.notes.map(({ text }) => text).join("\n")).toContain(one.says ?? "");
    const bad = one.with?.["errorThreshold"] ? 1 : 0;
    expect(Number(found.accepted)).toBe(Number(found.records) - bad);
  });

  it.each([
    ["transactions", async () => transactions({ seed: 5, records: 500 })],
    ["customers", async () => customers({ seed: 5, records: 500 })],
    ["prices", async () => prices({ seed: 5, records: 500 })],
    [
      "a count in the spelling of a German office",
      async () => inventory({ seed: 5, records: 500 }),
    ],
    ["readings in gzip", () => readings({ seed: 5, records: 500 })],
    ["readings in zstd", () => readings({ seed: 5, records: 500, as: "zstd" })],
    ["readings in Parquet", () => readings({ seed: 5, records: 500, as: "parquet" })],
    ["Avro", () => written("blocks.avro")],
    ["nested Avro", () => written("nested.avro")],
    ["nested Parquet", () => written("nested.parquet")],
    ["a workbook of Excel", () => written("office.xlsx")],
  ])("%s", async (name, generate) => {
    const { bytes, records } = await generate();
    const found = await inferred(`${name}.data`, bytes);
    expect([found.reason, found.accepted]).toEqual([null, String(records)]);
  });
});
