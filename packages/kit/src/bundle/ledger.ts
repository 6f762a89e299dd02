/** What the ledger of a stack says that helps somebody who was not there: what is open, what failed, the newest passports. */
import {
  attemptsOf,
  fileDocument,
  hopsOf,
  type Delivery,
  type LedgerReader,
} from "../clients/passports.ts";
import { deliveriesById } from "../clients/passports.ts";

const newest = 200;

/** Rows that a person may see: no row of a file is among them. */
const tables: Record<string, string> = {
  worlds: "select world, state, created_at from ledger.world order by world",
  deliveries: `select world, domain, dataset, state, count(*)::int as files, min(changed_at) as since
                 from ledger.delivery group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
  releases:
    "select release_id, activated_at from ledger.release order by activated_at desc limit 20",
  slots: "select * from ledger.slot order by since",
  open_intents: `select batch_id, attempt, world, table_name, base_id::text, snapshot_id::text, opened_at
                   from ledger.intent where state = 'open'`,
  batches: `select batch_id, world, table_name, release_id, kind, state, phase, attempt, failures, lease_until, not_before,
                   last_error, snapshot_id::text, receipt_key, created_at, closed_at
              from ledger.batch where state = 'open' or batch_id in
                   (select batch_id from ledger.batch order by batch_id desc limit ${newest})
             order by batch_id`,
};

export async function ledgerState(ledger: LedgerReader): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(tables)) found[name] = (await ledger.query(sql)).rows;
  return found;
}

/** Of every delivery without a final verdict, and of the newest others. */
export async function passports(ledger: LedgerReader): Promise<unknown[]> {
  const { rows } = await ledger.query<{ world: string; delivery_id: string }>(
    `select world, delivery_id from (
       (select world, delivery_id, arrival_ms from ledger.delivery
         where state not in ('published', 'duplicate', 'rejected') order by arrival_ms desc limit ${newest})
       union (select world, delivery_id, arrival_ms from ledger.delivery order by arrival_ms desc limit ${newest})) d
      order by arrival_ms, delivery_id`,
  );
  const found: unknown[] = [];
  for (const { world, delivery_id } of rows)
    for (const delivery of await deliveriesById(ledger, world, [delivery_id]))
      found.push(await passport(ledger, delivery));
  return found;
}

const passport = async (ledger: LedgerReader, delivery: Delivery) => ({
  world: delivery.world,
  ...fileDocument(delivery),
  batch_id: delivery.batch_id,
  arrived_at: delivery.arrived_at,
  attempts: delivery.batch_id ? await attemptsOf(ledger, delivery.batch_id) : [],
  hops: await hopsOf(ledger, delivery),
});
