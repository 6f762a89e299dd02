/** The ledger's part of the facts of a world. */
import type { LedgerReader } from "../clients/passports.ts";
import type { Facts } from "./facts.ts";

type LedgerFacts = Pick<
  Facts,
  "deliveries" | "batches" | "members" | "intents" | "publications" | "slots"
>;

const queries: Record<keyof LedgerFacts, string> = {
  deliveries: `
    select delivery_id, domain, dataset, object_key, version_id, table_name, file_id, state, batch_id, reason, snapshot_id::text,
           records_in::text, records_published::text, records_rejected::text, rejects_uri, unstaged_at is not null as unstaged,
           extract(epoch from clock_timestamp() - changed_at)::float8 as age_s
      from ledger.delivery where world = $1 order by arrival_ms, delivery_id`,
  batches: `
    select b.batch_id, b.table_name, b.state, b.phase, b.attempt, b.snapshot_id::text, b.receipt_key,
           s.holder is not null as holds_slot,
           extract(epoch from clock_timestamp() - b.lease_until)::float8 as lease_over_s,
           extract(epoch from clock_timestamp() - b.not_before)::float8 as backoff_over_s
      from ledger.batch b
      left join ledger.slot s on s.world = b.world and s.table_name = b.table_name and s.holder = b.batch_id
     where b.world = $1 order by b.batch_id`,
  members: `
    select m.batch_id, m.delivery_id, m.file_id, m.result
      from ledger.member m join ledger.batch b using (batch_id)
     where b.world = $1 order by m.batch_id, m.position`,
  intents: `
    select batch_id, attempt, table_name, snapshot_id::text, state
      from ledger.intent where world = $1 order by batch_id, attempt`,
  publications: `
    select table_name, publication_key, delivery_id, file_id, batch_id, snapshot_id::text
      from ledger.publication where world = $1 order by table_name, publication_key`,
  slots: "select table_name, holder from ledger.slot where world = $1 order by table_name",
};

/** One transaction: all of it as of one moment. */
export async function ledgerFacts(ledger: LedgerReader, world: string): Promise<LedgerFacts> {
  await ledger.query("begin isolation level repeatable read read only");
  try {
    const found: Partial<Record<keyof LedgerFacts, unknown>> = {};
    for (const [name, sql] of Object.entries(queries))
      found[name as keyof LedgerFacts] = (await ledger.query(sql, [world])).rows;
    return found as LedgerFacts;
  } finally {
    await ledger.query("commit");
  }
}
