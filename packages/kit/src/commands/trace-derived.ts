/** `trace` of a batch of a derived table: no file came, so there is no passport; what it was computed from, and what came of it. */
import {
  attemptsOf,
  derivedBatches,
  recordedHops,
  type LedgerReader,
} from "../clients/passports.ts";
import { runId } from "../model/names.ts";
import { Exit } from "../model/errors.ts";
import type { Context } from "./command.ts";
import { checkLines, checksOf } from "./trace-checks.ts";
import { columns } from "./style.ts";

/** Null when the ledger has no derived batch of that id. */
export async function traceDerived(ledger: LedgerReader, context: Context, id: string) {
  const [batch] = await derivedBatches(ledger, context.world, { batch: id });
  if (!batch) return null;
  const attempts = await attemptsOf(ledger, id);
  const hops = await recordedHops(ledger, id);
  const checks = await checksOf(context, id);
  const { style: paint } = context;
  const color =
    batch.state === "published" || batch.state === "nothing"
      ? paint.green
      : batch.state === "parked"
        ? paint.red
        : paint.yellow;
  const reason = batch.last_error?.reason ?? batch.last_error?.code ?? null;
  const facts: [string, string | null][] = [
    ...Object.entries(batch.upstream).map(([table, snapshot]): [string, string] => [
      "from",
      `${table} at ${snapshot ?? "nothing: it is not there yet"}`,
    ]),
    ["snapshot", batch.snapshot_id],
    ["reason", reason],
    ...checkLines(checks),
  ];
  return {
    exit: Exit.done,
    document: {
      ...{ batch_id: id, kind: "derived", table: batch.table_name, state: batch.state },
      ...{ upstream: batch.upstream, snapshot_id: batch.snapshot_id, reason },
      ...{ attempts: attempts.length, history: attempts },
      run_ids: attempts.map(({ attempt }) => runId(context.world, id, attempt)),
      ...{ hops, checks },
    },
    text: [
      `${paint.bold(id)} -> ${batch.table_name}: ${color(batch.state)}`,
      ...facts.filter(([, value]) => value).map(([name, value]) => `  ${name.padEnd(9)} ${value}`),
      "",
      columns(
        [
          ["  hop", "state", "attempt", "at", ""],
          ...hops.map((hop) => [
            `  ${hop.name}`,
            hop.state,
            String(hop.attempt ?? ""),
            hop.ended_at.slice(11, 23),
            [hop.ref, hop.why].filter(Boolean).join("  "),
          ]),
        ],
        paint.dim,
      ),
    ].join("\n"),
  };
}
