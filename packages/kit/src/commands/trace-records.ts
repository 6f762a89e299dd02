/** The first bad records of a delivery, from the evidence in the lake. */
import type { Delivery } from "../clients/passports.ts";
import { objectStore } from "../clients/s3.ts";
import { readStackConfig } from "../clients/stack.ts";
import type { BadRecord } from "./bad-records.ts";
import type { Context } from "./command.ts";

const shown = 10;

/** The file itself is not fetched for its lines: it may be large, and the evidence holds the values. */
export async function traceRecords(context: Context, delivery: Delivery): Promise<BadRecord[]> {
  const { s3 } = readStackConfig(context.checkout, context.stack, "reader");
  if (!s3 || !delivery.rejects_uri || !(Number(delivery.records_rejected) > 0)) return [];
  const [bucket, ...folder] = delivery.rejects_uri.replace("s3://", "").split("/");
  const text = await objectStore(s3).getText(bucket!, `${folder.join("/")}records.jsonl`);
  return text
    .split("\n", shown)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as BadRecord);
}
