/** The validator's verdict of a file, without a stack. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BadRecord } from "./bad-records.ts";
import type { Context } from "./command.ts";
import { runPipeline } from "./pipeline.ts";

export interface Examined {
  file_id: string;
  records: number | null;
  accepted: number;
  rejected: number | null;
  problems: BadRecord[];
  refused: { code: string; reason: string } | null;
}

/** `contract` is a compiled one. */
export async function examine(
  context: Pick<Context, "checkout" | "signal">,
  file: string,
  contract: object,
): Promise<Examined> {
  const work = mkdtempSync(join(tmpdir(), "gridata-check-"));
  try {
    const path = join(work, "contract.json");
    writeFileSync(path, JSON.stringify(contract));
    return await runPipeline<Examined>(context, "gridata.check", [file, "--contract", path]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
