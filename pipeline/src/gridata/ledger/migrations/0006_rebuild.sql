-- A lost ledger is made anew from the lake, one world at a time. Between the two calls nobody can claim, open an intent or close: what
-- an attempt from before does to the lake meanwhile can only fail, because its branch is removed.

create function ledger.begin_rebuild(p_world text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into ledger.world (world, state) values (p_world, 'closing') on conflict (world) do update set state = 'closing';
  update ledger.batch set state = 'cancelled', lease_until = null, closed_at = clock_timestamp()
   where world = p_world and state = 'open';
  delete from ledger.slot where world = p_world;
  perform ledger.tell(p_world, 'world', p_world);
end $$;

-- p_lake: {releases, batches, deliveries, publications}, as packages/kit/src/rebuild makes them. Returns how many deliveries it has.
create function ledger.rebuild_world(p_world text, p_lake jsonb) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare n int;
begin
  if not exists (select 1 from ledger.world where world = p_world and state = 'closing') then
    raise exception 'the rebuild of world % was not begun', p_world using errcode = 'GD002';
  end if;
  delete from ledger.intent where world = p_world;
  delete from ledger.world where world = p_world;
  insert into ledger.world (world) values (p_world);
  insert into ledger.release (release_id, datasets, activated_at)
  select release_id, datasets, activated_at
    from jsonb_to_recordset(p_lake->'releases') as x(release_id text, datasets jsonb, activated_at timestamptz)
  on conflict do nothing;
  insert into ledger.batch (batch_id, world, table_name, release_id, state, phase, attempt, base_id, snapshot_id, receipt_key, closed_at)
  select batch_id, p_world, table_name, release_id, state, 'publish', attempt, base_id, snapshot_id, receipt_key, clock_timestamp()
    from jsonb_to_recordset(p_lake->'batches') as x(
      batch_id text, table_name text, release_id text, state text, attempt int, base_id bigint, snapshot_id bigint, receipt_key text);
  insert into ledger.attempt (batch_id, attempt, state, phase, ended_at)
  select batch_id, attempt, 'finished', 'publish', clock_timestamp() from ledger.batch where world = p_world;
  insert into ledger.delivery (delivery_id, world, domain, dataset, object_key, version_id, name, size_bytes, arrival_ms, again, table_name,
                               file_id, state, batch_id, reason, snapshot_id, records_in, records_published, records_rejected,
                               rejects_uri, unstaged_at)
  select delivery_id, p_world, domain, dataset, object_key, version_id, name, size_bytes, arrival_ms, again, table_name,
         file_id, state, batch_id, reason, snapshot_id, records_in, records_published, records_rejected,
         rejects_uri, case when not staged then clock_timestamp() end
    from jsonb_to_recordset(p_lake->'deliveries') as x(
      delivery_id text, domain text, dataset text, object_key text, version_id text, name text, size_bytes bigint, arrival_ms bigint,
      again boolean, table_name text, file_id text, state text, batch_id text, reason jsonb, snapshot_id bigint, records_in bigint,
      records_published bigint, records_rejected bigint, rejects_uri text, staged boolean);
  get diagnostics n = row_count;
  insert into ledger.transition (delivery_id, from_state, to_state, batch_id, reason)
  select delivery_id, null, state, batch_id, jsonb_build_object('code', 'REBUILT') from ledger.delivery where world = p_world;
  insert into ledger.member (batch_id, delivery_id, position, file_id, result)
  select batch_id, delivery_id, row_number() over (partition by batch_id order by arrival_ms, delivery_id), file_id, result
    from jsonb_to_recordset(p_lake->'deliveries') as x(
      batch_id text, delivery_id text, arrival_ms bigint, file_id text, result jsonb)
   where batch_id is not null;
  insert into ledger.publication (world, table_name, publication_key, delivery_id, file_id, batch_id, snapshot_id)
  select p_world, table_name, publication_key, delivery_id, file_id, batch_id, snapshot_id
    from jsonb_to_recordset(p_lake->'publications') as x(
      table_name text, publication_key text, delivery_id text, file_id text, batch_id text, snapshot_id bigint);
  perform ledger.tell(p_world, 'world', p_world);
  return n;
end $$;

revoke execute on function ledger.begin_rebuild, ledger.rebuild_world from public;
grant execute on function ledger.begin_rebuild, ledger.rebuild_world to admin;
