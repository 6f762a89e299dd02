/** The checks of a batch, as its newest attempt that came to them left them in the lake. */
import { objectStore } from "../clients/s3.ts";
import { readStackConfig } from "../clients/stack.ts";
import type { Context } from "./command.ts";

export interface CheckDocument {
  name: string;
  severity: "error" | "warning";
  passed: boolean;
  why: string;
  deliveries: string[];
  /** Snapshots of other tables that the check looked into. */
  reads?: Record<string, string | null>;
}

export async function checksOf(context: Context, batch: string | null): Promise<CheckDocument[]> {
  const { s3 } = readStackConfig(context.checkout, context.stack, "reader");
  if (!s3 || batch === null) return [];
  const store = objectStore(s3);
  // `<attempt>.json` is a receipt, `<attempt>.checks.json` what an attempt left whose checks failed.
  const found = await store.list("curated", `${context.world}/_batches/${batch}/`);
  const attempt = (key: string) => Number(key.split("/").at(-1)!.split(".")[0]);
  const [newest] = found.map(({ key }) => key).toSorted((a, b) => attempt(b) - attempt(a));
  if (!newest) return [];
  const document = JSON.parse(await store.getText("curated", newest)) as
    | CheckDocument[]
    | { checks: CheckDocument[] };
  return Array.isArray(document) ? document : document.checks;
}

/** One line a check: what failed with its reason, then how many passed. */
export function checkLines(checks: readonly CheckDocument[]): [string, string][] {
  const failed = checks.filter(({ passed }) => !passed);
  return [
    ...failed.map(({ severity, why }): [string, string] => ["check", `${severity}: ${why}`]),
    ...(checks.length > 0
      ? ([["checks", `${checks.length - failed.length} of ${checks.length} passed`]] satisfies [
          [string, string],
        ])
      : []),
  ];
}
