-- R9 by mode: what became of the accepted rows of a delivery. A file whose every row is older than what the table holds is published,
-- and says so.

alter table ledger.delivery
  -- {inserted, updated, superseded, deleted, removed}; null before its verdict.
  add column outcome jsonb;

-- p_verdicts: [{delivery, verdict: published|duplicate, key, records, outcome, reason}], the published ones first (a duplicate may be
-- of one of them); rejected members have their verdict already.
create or replace function ledger.close_batch(
  p_batch text, p_attempt int, p_base bigint, p_snapshot bigint, p_receipt text, p_verdicts jsonb
) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare b ledger.batch; v record;
begin
  b := ledger.fence(p_batch, p_attempt, true);
  for v in select * from jsonb_to_recordset(p_verdicts)
             as x(delivery text, verdict text, key text, records bigint, outcome jsonb, reason jsonb) loop
    if v.verdict = 'published' then
      insert into ledger.publication (world, table_name, publication_key, delivery_id, file_id, batch_id, snapshot_id)
      select b.world, b.table_name, v.key, v.delivery, m.file_id, p_batch, p_snapshot
        from ledger.member m where m.batch_id = p_batch and m.delivery_id = v.delivery;
    end if;
    update ledger.delivery
       set snapshot_id = case when v.verdict = 'published' then p_snapshot
                              else (select p.snapshot_id from ledger.publication p
                                     where p.world = b.world and p.table_name = b.table_name and p.publication_key = v.key) end,
           records_published = v.records, outcome = v.outcome
     where delivery_id = v.delivery;
    perform ledger.move(v.delivery, v.verdict, p_batch, p_attempt, v.reason);
  end loop;
  if exists (select 1 from ledger.member m join ledger.delivery d using (delivery_id)
              where m.batch_id = p_batch and d.state in ('staged', 'queued', 'running')) then
    raise exception 'a member of batch % would have no verdict', p_batch using errcode = 'GD002';
  end if;
  update ledger.intent set state = case when snapshot_id = p_snapshot then 'published' else 'void' end, closed_at = clock_timestamp()
   where batch_id = p_batch and state = 'open';
  update ledger.batch set base_id = p_base, snapshot_id = p_snapshot, receipt_key = p_receipt where batch_id = p_batch;
  perform ledger.shut(p_batch, p_attempt, case when p_snapshot = p_base then 'nothing' else 'published' end);
end $$;
