-- An unknown failure is given a few tries of its own: what an outage failed before it is not counted against the files.
create or replace function ledger.fail_attempt(p_batch text, p_attempt int, p_class text, p_error jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare b ledger.batch; unknown int; wait_s double precision;
begin
  b := ledger.fence(p_batch, p_attempt, false);
  update ledger.attempt set state = 'failed', ended_at = clock_timestamp(), error_class = p_class, error = p_error
   where batch_id = p_batch and attempt = p_attempt;
  select count(*) into unknown from ledger.attempt where batch_id = p_batch and error_class = 'unknown';
  if (p_class in ('code', 'contract') or (p_class = 'unknown' and unknown >= 5))
     and not exists (select 1 from ledger.intent where batch_id = p_batch and state = 'open') then
    perform ledger.park_batch(p_batch, p_attempt, p_error);
    return 'parked';
  end if;
  wait_s := least(30, 0.5 * power(2, least(b.failures, 10)));
  update ledger.batch
     set failures = b.failures + 1, lease_until = clock_timestamp(), last_error = p_error,
         not_before = clock_timestamp() + make_interval(secs => wait_s)
   where batch_id = p_batch;
  perform ledger.tell(b.world, 'batch', p_batch);
  return 'retry';
end $$;
