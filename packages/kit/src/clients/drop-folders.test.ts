import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { dropFolders, removeEmptyFolders } from "./drop-folders.ts";

let drop: string;
beforeEach(() => {
  drop = mkdtempSync(join(tmpdir(), "gridata-drop-"));
});
afterEach(() => rmSync(drop, { recursive: true, force: true }));

const dataset = (domain: string, name: string, derives: string[] = []) => ({
  ...{ domain, dataset: name, derives },
  ...{ table: `${domain}.${name}_v1`, fingerprint: "", redelivery: "ignore" },
});

it("makes a folder for each dataset that takes files", async () => {
  await dropFolders(drop)([
    dataset("sales", "orders"),
    dataset("ops", "stock"),
    dataset("sales", "daily", ["sales.orders_v1"]),
    dataset("gridata", "warmup"),
  ]);
  expect(readdirSync(drop).toSorted()).toEqual(["ops", "sales"]);
  expect(readdirSync(join(drop, "sales"))).toEqual(["orders"]);
});

it("removes the folder of a dataset that is gone, unless something is in it", async () => {
  const follow = dropFolders(drop);
  await follow([dataset("sales", "orders"), dataset("ops", "stock"), dataset("ops", "bins")]);
  writeFileSync(join(drop, "sales/orders/late.csv"), "");
  await follow([dataset("ops", "bins")]);
  expect(existsSync(join(drop, "sales/orders/late.csv"))).toBe(true);
  expect(readdirSync(join(drop, "ops"))).toEqual(["bins"]);
  await follow([]);
  expect(readdirSync(drop)).toEqual(["sales"]);
});

it("removes all folders but those with a file", async () => {
  for (const folder of ["sales/orders", "ops/stock"])
    mkdirSync(join(drop, folder), { recursive: true });
  writeFileSync(join(drop, "ops/stock/mine.csv"), "");
  await removeEmptyFolders(drop);
  expect(readdirSync(drop)).toEqual(["ops"]);
  rmSync(join(drop, "ops/stock/mine.csv"));
  await removeEmptyFolders(drop);
  expect(existsSync(drop)).toBe(false);
  await removeEmptyFolders(drop);
});
