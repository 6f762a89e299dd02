/** Input of the benchmarks: the same rows for the platform and for what it is compared with. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";

const header =
  "transaction_id,account_id,occurred_at,amount,currency,channel,card_holder,refunded\n";
/** So many records are a file of 1 GiB. */
export const gibibyte = 18_600_000;
const days = 5;
const rowsAtOnce = 20_000;

/** Writes so many records of `sales.transactions`; ids begin at `firstId`. Returns the size in bytes. */
export async function writeTransactions(
  path: string,
  records: number,
  firstId: number,
): Promise<number> {
  const file = createWriteStream(path);
  file.write(header);
  for (let row = 0; row < records;) {
    const lines: string[] = [];
    for (const end = Math.min(records, row + rowsAtOnce); row < end; row++) {
      const id = String(firstId + row).padStart(8, "0");
      const day = String((row % days) + 1).padStart(2, "0");
      const minute = String(row % 60).padStart(2, "0");
      lines.push(
        `T${id},${(row % 997) + 1},2026-11-${day}T10:${minute}:00Z,${row % 10_000}.25,EUR,web,,false\n`,
      );
    }
    if (!file.write(lines.join(""))) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  return file.bytesWritten;
}
