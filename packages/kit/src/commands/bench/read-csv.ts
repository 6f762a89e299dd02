/** A CSV read to Parquet in a process of its own: by the validator, or as texts by DuckDB alone. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Context } from "../command.ts";
import { checkoutContracts } from "../standard.ts";
import { provision } from "../../toolchain/provision.ts";

export interface Reading {
  records: number;
  seconds: number;
  cpu: number;
  peak_bytes: number;
}

/** `file` is one of `sales.transactions`; what is written goes into a folder below `work`. */
export async function readCsv(
  context: Context,
  way: "validator" | "text",
  file: string,
  work: string,
): Promise<Reading> {
  const { checkout, signal } = context;
  const python = await provision(["python-pipeline"], { checkout, signal }).tool("python-pipeline");
  const { contracts } = await checkoutContracts(context);
  const contract = contracts.find(({ table }) => table === "sales.transactions_v1");
  const folder = mkdtempSync(join(work, "read-"));
  try {
    const path = join(folder, "contract.json");
    writeFileSync(path, JSON.stringify(contract));
    const { stdout } = await promisify(execFile)(
      join(python.dir, "bin/python"),
      [join(import.meta.dirname, "read_csv.py"), way, file, folder, path],
      {
        env: {
          ...process.env,
          PYTHONPATH: join(checkout, "pipeline/src"),
          PYTHONDONTWRITEBYTECODE: "1",
        },
        signal,
      },
    );
    return JSON.parse(stdout) as Reading;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
