-- A ledger that was made anew, because its database was lost, knows nothing of the lake: until it was rebuilt it has no row here, and
-- no dispatcher starts on it.
create table ledger.rebuilt (at timestamptz not null default clock_timestamp());
-- One of before this migration was never lost.
insert into ledger.rebuilt select clock_timestamp() where exists (select from ledger.world);
grant select on ledger.rebuilt to gateway, dispatcher, pipeline, publisher, reader, admin;

create function ledger.mark_rebuilt() returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into ledger.rebuilt select clock_timestamp() where not exists (select from ledger.rebuilt);
$$;

revoke execute on function ledger.mark_rebuilt from public;
grant execute on function ledger.mark_rebuilt to admin;
