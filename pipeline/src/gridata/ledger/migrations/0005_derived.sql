-- Derived tables: a batch without deliveries, whose identity is the snapshots of its upstream tables. It has attempts, lease, slot,
-- intent and receipt as every batch has.

alter table ledger.batch
  add column kind text not null default 'ingest' check (kind in ('ingest', 'derived')),
  -- Of a derived batch: snapshot ids by upstream table, as texts; null where there is no such table yet.
  add column upstream jsonb,
  -- Fingerprint of the dataset that parked it: another one drives it again.
  add column parked_under text;

create function ledger.fingerprint(p_release text, p_table text) returns text language sql as $$
  select s.fingerprint from ledger.release l, jsonb_to_recordset(l.datasets) as s("table" text, fingerprint text)
   where l.release_id = p_release and s."table" = p_table;
$$;

-- Activating a release and parking take turns: what is parked under an older release than the current one would else be
-- overlooked by the activation that was to drive it again.
create function ledger.current_release() returns text language sql as $$
  select release_id from ledger.release order by activated_at desc limit 1;
$$;

create or replace function ledger.activate_release(p_release text, p_datasets jsonb) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare n int := 0; d record;
begin
  perform pg_advisory_xact_lock(hashtext('gridata.release'));
  insert into ledger.release (release_id, datasets) values (p_release, p_datasets)
  on conflict (release_id) do update set activated_at = clock_timestamp(), datasets = excluded.datasets;
  for d in
    select v.delivery_id from ledger.delivery v
      left join jsonb_to_recordset(p_datasets) as s(domain text, dataset text, fingerprint text)
        on s.domain = v.domain and s.dataset = v.dataset
     where v.state = 'parked' and s.fingerprint is not null and s.fingerprint is distinct from v.parked_under
     order by v.arrival_ms, v.delivery_id
  loop
    perform ledger.move(d.delivery_id, 'staged', null, null, jsonb_build_object('code', 'REDRIVEN', 'release', p_release));
    n := n + 1;
  end loop;
  perform ledger.tell('', 'release', p_release);
  return n;
end $$;

create or replace function ledger.park_batch(p_batch text, p_attempt int, p_reason jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare b ledger.batch; r record; pinned text; present text;
begin
  b := ledger.fence(p_batch, p_attempt, false);
  perform ledger.no_open_intent(p_batch);
  perform pg_advisory_xact_lock_shared(hashtext('gridata.release'));
  pinned := ledger.fingerprint(b.release_id, b.table_name);
  present := ledger.fingerprint(ledger.current_release(), b.table_name);
  for r in select m.delivery_id from ledger.member m join ledger.delivery d using (delivery_id)
            where m.batch_id = p_batch and d.state in ('queued', 'running') loop
    perform ledger.move(r.delivery_id, 'parked', p_batch, p_attempt, p_reason);
    update ledger.delivery set parked_under = pinned where delivery_id = r.delivery_id;
    if present is distinct from pinned and present is not null then
      perform ledger.move(r.delivery_id, 'staged', null, null, jsonb_build_object('code', 'REDRIVEN'));
    end if;
  end loop;
  update ledger.batch set last_error = p_reason, parked_under = pinned where batch_id = p_batch;
  perform ledger.shut(p_batch, p_attempt, 'parked');
end $$;

-- The same upstream state is computed once; what was published under another one, or parked under another form of its dataset, is
-- computed again. One batch of the table at a time: several upstream publishes while it runs make one next batch.
create function ledger.claim_derived(p_world text, p_table text, p_release text, p_batch text, p_upstream jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare newest ledger.batch;
begin
  perform ledger.lock_table(p_world, p_table);
  if not exists (select 1 from ledger.world where world = p_world and state = 'open') then return null; end if;
  if exists (select 1 from ledger.batch where world = p_world and table_name = p_table and state = 'open') then
    return null;
  end if;
  select * into newest from ledger.batch
   where world = p_world and table_name = p_table and kind = 'derived' and state in ('published', 'nothing', 'parked')
   order by batch_id desc limit 1;
  if newest.upstream = p_upstream
     and (newest.state <> 'parked' or newest.parked_under is not distinct from ledger.fingerprint(p_release, p_table)) then
    return null;
  end if;
  insert into ledger.batch (batch_id, world, table_name, release_id, kind, upstream)
  values (p_batch, p_world, p_table, p_release, 'derived', p_upstream);
  perform ledger.tell(p_world, 'batch', p_batch);
  return p_batch;
end $$;

-- R2 for a derived batch. It has nothing to ingest: it takes the slot at once, or waits for it as others do (lease null).
create function ledger.start_derived_attempt(p_batch text, p_lease_seconds int) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare b ledger.batch; mine boolean;
begin
  select * into b from ledger.batch where batch_id = p_batch;
  if not found then return null; end if;
  perform ledger.lock_table(b.world, b.table_name);
  select * into b from ledger.batch where batch_id = p_batch for update;
  if b.state <> 'open' or b.not_before > clock_timestamp() then return null; end if;
  if b.lease_until is not null and b.lease_until > clock_timestamp() then return null; end if;
  if b.phase = 'publish' and b.lease_until is null then return null; end if;
  update ledger.attempt set state = 'lost', ended_at = clock_timestamp()
   where batch_id = p_batch and attempt = b.attempt and state = 'running';
  insert into ledger.slot (world, table_name, holder) values (b.world, b.table_name, p_batch) on conflict do nothing;
  select holder = p_batch into mine from ledger.slot where world = b.world and table_name = b.table_name;
  update ledger.batch
     set attempt = b.attempt + 1, phase = 'publish',
         lease_until = case when mine then clock_timestamp() + make_interval(secs => p_lease_seconds) end
   where batch_id = p_batch;
  insert into ledger.attempt (batch_id, attempt, phase) values (p_batch, b.attempt + 1, 'publish');
  perform ledger.tell(b.world, 'batch', p_batch);
  return b.attempt + 1;
end $$;

-- A derived batch that can't be computed any more, because a snapshot that it is to read is gone: the present state follows.
create function ledger.cancel_derived(p_batch text, p_attempt int, p_reason jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform ledger.fence(p_batch, p_attempt, true);
  perform ledger.no_open_intent(p_batch);
  update ledger.batch set last_error = p_reason where batch_id = p_batch;
  perform ledger.shut(p_batch, p_attempt, 'cancelled');
end $$;

revoke execute on function ledger.fingerprint, ledger.current_release, ledger.claim_derived, ledger.start_derived_attempt,
  ledger.cancel_derived from public;
grant execute on function ledger.claim_derived, ledger.start_derived_attempt to dispatcher;
grant execute on function ledger.cancel_derived to pipeline, publisher;
