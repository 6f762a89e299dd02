-- A stack rehearses its road before it calls itself ready: one delivery in a world that no dispatcher drives, because it is closed
-- from the first moment that anyone can see it. Whoever opened it runs the steps of the attempt whose number this returns.
create function ledger.open_rehearsal(
  p_world text, p_release text, p_domain text, p_dataset text, p_table text, p_batch text, p_delivery text, p_key text,
  p_version text, p_name text, p_size bigint, p_arrival_ms bigint, p_lease_seconds int
) returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare n int;
begin
  perform ledger.open_world(p_world);
  perform ledger.register_delivery(p_delivery, p_world, p_domain, p_dataset, p_key, p_version, p_name, p_size, p_arrival_ms, false, null);
  perform ledger.claim(p_world, p_table, p_domain, p_dataset, p_release, p_batch, 1, p_size);
  n := ledger.start_attempt(p_batch, p_lease_seconds);
  perform ledger.close_world(p_world);
  return n;
end $$;

revoke execute on function ledger.open_rehearsal from public;
grant execute on function ledger.open_rehearsal to admin;
