-- The only way to write the ledger. Each function is one transaction that holds the table's lock and checks what the protocol
-- demands of it, so a zombie's write fails whatever language it comes from.
--
-- A refusal is SQLSTATE GD001 (this attempt is not the newest, or its batch is closed, or it lacks the slot): the caller stops.

-- One lock a (world, table) makes claim, slot and close of that table take turns.
create function ledger.lock_table(p_world text, p_table text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(p_world || '/' || p_table, 7));
$$;

create function ledger.tell(p_world text, p_what text, p_id text) returns void language sql as $$
  select pg_notify('gridata', json_build_object('world', p_world, 'what', p_what, 'id', p_id)::text);
$$;

create function ledger.move(p_delivery text, p_to text, p_batch text, p_attempt int, p_reason jsonb default null)
returns void language plpgsql as $$
declare d ledger.delivery;
begin
  select * into strict d from ledger.delivery where delivery_id = p_delivery for update;
  if d.state in ('published', 'duplicate', 'rejected') then
    if d.state = p_to then return; end if;
    raise exception 'delivery % is % and cannot become %', p_delivery, d.state, p_to using errcode = 'GD002';
  end if;
  update ledger.delivery
     set state = p_to, batch_id = coalesce(p_batch, batch_id), reason = p_reason, changed_at = clock_timestamp()
   where delivery_id = p_delivery;
  insert into ledger.transition (delivery_id, from_state, to_state, batch_id, attempt, reason)
  values (p_delivery, d.state, p_to, p_batch, p_attempt, p_reason);
  perform ledger.tell(d.world, 'delivery', p_delivery);
end $$;

-- R2: locks the table and returns the batch if (batch, attempt) may write; in the publish phase the slot must be held.
create function ledger.fence(p_batch text, p_attempt int, p_slot boolean) returns ledger.batch language plpgsql as $$
declare b ledger.batch;
begin
  select * into b from ledger.batch where batch_id = p_batch;
  if not found then
    raise exception 'batch % is not in the ledger', p_batch using errcode = 'GD001';
  end if;
  perform ledger.lock_table(b.world, b.table_name);
  select * into b from ledger.batch where batch_id = p_batch for update;
  if b.attempt <> p_attempt then
    raise exception 'attempt % of batch % is not the newest, % is', p_attempt, p_batch, b.attempt using errcode = 'GD001';
  end if;
  if b.state <> 'open' then
    raise exception 'batch % is closed (%)', p_batch, b.state using errcode = 'GD001';
  end if;
  if p_slot and not exists (select 1 from ledger.slot s
      where s.world = b.world and s.table_name = b.table_name and s.holder = p_batch) then
    raise exception 'batch % does not hold the slot of %', p_batch, b.table_name using errcode = 'GD001';
  end if;
  return b;
end $$;

create function ledger.open_world(p_world text) returns void language plpgsql security definer as $$
begin
  insert into ledger.world (world) values (p_world) on conflict do nothing;
  perform ledger.tell(p_world, 'world', p_world);
end $$;

-- Only after its objects, tables and runs are gone.
create function ledger.forget_world(p_world text) returns void language plpgsql security definer as $$
begin
  delete from ledger.intent where world = p_world;
  delete from ledger.world where world = p_world;
  perform ledger.tell(p_world, 'world', p_world);
end $$;

create function ledger.close_world(p_world text) returns void language plpgsql security definer as $$
begin
  update ledger.world set state = 'closing' where world = p_world;
  perform ledger.tell(p_world, 'world', p_world);
end $$;

-- Makes a release the current one and drives again what was parked under another form of its dataset.
-- Returns how many deliveries are staged again.
create function ledger.activate_release(p_release text, p_datasets jsonb) returns int language plpgsql security definer as $$
declare n int := 0; d record;
begin
  insert into ledger.release (release_id, datasets) values (p_release, p_datasets)
  on conflict (release_id) do update set activated_at = clock_timestamp();
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

-- Idempotent on the object's version. Returns true when it was not known before.
create function ledger.register_delivery(
  p_delivery text, p_world text, p_domain text, p_dataset text, p_key text, p_version text, p_name text, p_size bigint,
  p_arrival_ms bigint, p_again boolean, p_file_id text
) returns boolean language plpgsql security definer as $$
begin
  insert into ledger.delivery (delivery_id, world, domain, dataset, object_key, version_id, name, size_bytes, arrival_ms, again, file_id)
  values (p_delivery, p_world, p_domain, p_dataset, p_key, p_version, p_name, p_size, p_arrival_ms, p_again, p_file_id)
  on conflict do nothing;
  if not found then return false; end if;
  insert into ledger.transition (delivery_id, from_state, to_state) values (p_delivery, null, 'staged');
  perform ledger.tell(p_world, 'delivery', p_delivery);
  return true;
end $$;

-- The folder has no contract in effect, or a broken one.
create function ledger.park_staged(p_delivery text, p_fingerprint text, p_reason jsonb) returns void
language plpgsql security definer as $$
begin
  perform 1 from ledger.delivery where delivery_id = p_delivery and state = 'staged' for update;
  if found then
    perform ledger.move(p_delivery, 'parked', null, null, p_reason);
    update ledger.delivery set parked_under = p_fingerprint where delivery_id = p_delivery;
  end if;
end $$;

-- R1: claims what is staged for a table into an immutable batch, oldest first. Null when there is nothing to do, or while a
-- batch of the table is open without the slot.
create function ledger.claim(
  p_world text, p_table text, p_domain text, p_dataset text, p_release text, p_batch text, p_max_files int, p_max_bytes bigint
) returns text language plpgsql security definer as $$
declare d record; n int := 0; bytes bigint := 0;
begin
  perform ledger.lock_table(p_world, p_table);
  if not exists (select 1 from ledger.world where world = p_world and state = 'open') then return null; end if;
  if exists (
    select 1 from ledger.batch b
     where b.world = p_world and b.table_name = p_table and b.state = 'open'
       and not exists (select 1 from ledger.slot s
                        where s.world = b.world and s.table_name = b.table_name and s.holder = b.batch_id)
  ) then return null; end if;
  for d in
    select delivery_id, size_bytes from ledger.delivery
     where world = p_world and domain = p_domain and dataset = p_dataset and state = 'staged'
     order by arrival_ms, delivery_id for update
  loop
    exit when n > 0 and (n >= p_max_files or bytes + d.size_bytes > p_max_bytes);
    if n = 0 then
      insert into ledger.batch (batch_id, world, table_name, release_id) values (p_batch, p_world, p_table, p_release);
    end if;
    n := n + 1; bytes := bytes + d.size_bytes;
    insert into ledger.member (batch_id, delivery_id, position) values (p_batch, d.delivery_id, n);
    perform ledger.move(d.delivery_id, 'queued', p_batch, null);
    update ledger.delivery set table_name = p_table where delivery_id = d.delivery_id;
  end loop;
  if n = 0 then return null; end if;
  perform ledger.tell(p_world, 'batch', p_batch);
  return p_batch;
end $$;

-- R2: the next attempt of a batch, or null while the newest one may still be alive (its lease runs) or backs off.
create function ledger.start_attempt(p_batch text, p_lease_seconds int) returns int language plpgsql security definer as $$
declare b ledger.batch; d record;
begin
  select * into b from ledger.batch where batch_id = p_batch;
  if not found then return null; end if;
  perform ledger.lock_table(b.world, b.table_name);
  select * into b from ledger.batch where batch_id = p_batch for update;
  if b.state <> 'open' or b.not_before > clock_timestamp() then return null; end if;
  if b.lease_until is not null and b.lease_until > clock_timestamp() then return null; end if;
  -- Between ingest and publish a batch waits for the slot: no step runs, no lease is renewed, and nothing is lost.
  if b.phase = 'publish' and b.lease_until is null then return null; end if;
  update ledger.attempt set state = 'lost', ended_at = clock_timestamp()
   where batch_id = p_batch and attempt = b.attempt and state = 'running';
  update ledger.batch
     set attempt = b.attempt + 1, phase = 'ingest',
         lease_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
   where batch_id = p_batch;
  insert into ledger.attempt (batch_id, attempt) values (p_batch, b.attempt + 1);
  for d in select m.delivery_id from ledger.member m join ledger.delivery v using (delivery_id)
            where m.batch_id = p_batch and v.state = 'queued' loop
    perform ledger.move(d.delivery_id, 'running', p_batch, b.attempt + 1);
  end loop;
  perform ledger.tell(b.world, 'batch', p_batch);
  return b.attempt + 1;
end $$;

-- A running step renews its lease. Raises GD001 when the attempt is over: the step stops.
create function ledger.renew(p_batch text, p_attempt int, p_lease_seconds int) returns void
language plpgsql security definer as $$
begin
  -- No table lock: a heartbeat must not wait behind a claim.
  update ledger.batch set lease_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
   where batch_id = p_batch and attempt = p_attempt and state = 'open';
  if not found then perform ledger.fence(p_batch, p_attempt, false); end if;
end $$;

-- What validation found of one member: result as in ledger.member.
create function ledger.file_validated(p_batch text, p_attempt int, p_delivery text, p_file_id text, p_result jsonb)
returns void language plpgsql security definer as $$
begin
  perform ledger.fence(p_batch, p_attempt, false);
  update ledger.member set file_id = p_file_id, result = p_result where batch_id = p_batch and delivery_id = p_delivery;
  update ledger.delivery
     set file_id = p_file_id, records_in = (p_result->>'records')::bigint, records_rejected = (p_result->>'rejected')::bigint,
         rejects_uri = p_result->>'rejects_uri'
   where delivery_id = p_delivery;
end $$;

-- A file that is refused whole: a verdict.
create function ledger.reject(p_batch text, p_attempt int, p_delivery text, p_reason jsonb) returns void
language plpgsql security definer as $$
begin
  perform ledger.fence(p_batch, p_attempt, false);
  perform ledger.move(p_delivery, 'rejected', p_batch, p_attempt, p_reason);
  update ledger.delivery set records_published = 0 where delivery_id = p_delivery;
end $$;

-- Ingest is over: the batch waits for the slot, or has it at once. True when process_and_publish may start now.
create function ledger.finish_ingest(p_batch text, p_attempt int, p_lease_seconds int) returns boolean
language plpgsql security definer as $$
declare b ledger.batch; mine boolean;
begin
  b := ledger.fence(p_batch, p_attempt, false);
  insert into ledger.slot (world, table_name, holder) values (b.world, b.table_name, p_batch) on conflict do nothing;
  select holder = p_batch into mine from ledger.slot where world = b.world and table_name = b.table_name;
  update ledger.batch
     set phase = 'publish',
         lease_until = case when mine then clock_timestamp() + make_interval(secs => p_lease_seconds) end
   where batch_id = p_batch;
  update ledger.attempt set phase = 'publish' where batch_id = p_batch and attempt = p_attempt;
  perform ledger.tell(b.world, 'batch', p_batch);
  return mine;
end $$;

-- Gives a free slot to the batch that waits for it longest. Returns batch and attempt whose process_and_publish is to start.
create function ledger.grant_slot(p_world text, p_table text, p_lease_seconds int)
returns table (batch_id text, attempt int) language plpgsql security definer as $$
#variable_conflict use_column
declare b ledger.batch;
begin
  perform ledger.lock_table(p_world, p_table);
  if exists (select 1 from ledger.slot where world = p_world and table_name = p_table) then return; end if;
  select * into b from ledger.batch
   where world = p_world and table_name = p_table and state = 'open' and phase = 'publish' and lease_until is null
   order by batch_id limit 1 for update;
  if not found then return; end if;
  insert into ledger.slot (world, table_name, holder) values (p_world, p_table, b.batch_id);
  update ledger.batch set lease_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
   where batch.batch_id = b.batch_id;
  perform ledger.tell(p_world, 'batch', b.batch_id);
  return query select b.batch_id, b.attempt;
end $$;

-- R4: durable before the commit. One open intent a table: the others were resolved first.
create function ledger.open_intent(p_batch text, p_attempt int, p_base bigint, p_snapshot bigint) returns void
language plpgsql security definer as $$
declare b ledger.batch;
begin
  b := ledger.fence(p_batch, p_attempt, true);
  insert into ledger.intent (batch_id, attempt, world, table_name, base_id, snapshot_id)
  values (p_batch, p_attempt, b.world, b.table_name, p_base, p_snapshot);
end $$;

-- R4: void only after its branch was removed and a later look did not find the snapshot in main's ancestry: the caller did both.
create function ledger.void_intent(p_batch text, p_attempt int, p_of_batch text, p_of_attempt int) returns void
language plpgsql security definer as $$
begin
  perform ledger.fence(p_batch, p_attempt, true);
  update ledger.intent set state = 'void', closed_at = clock_timestamp()
   where batch_id = p_of_batch and attempt = p_of_attempt and state = 'open';
end $$;

create function ledger.free_slot(p_batch text) returns void language sql as $$
  delete from ledger.slot where holder = p_batch;
$$;

create function ledger.shut(p_batch text, p_attempt int, p_state text) returns void language plpgsql as $$
declare b ledger.batch;
begin
  update ledger.batch set state = p_state, lease_until = null, closed_at = clock_timestamp()
   where batch_id = p_batch returning * into b;
  update ledger.attempt set state = 'finished', ended_at = clock_timestamp() where batch_id = p_batch and attempt = p_attempt;
  perform ledger.free_slot(p_batch);
  perform ledger.tell(b.world, 'batch', p_batch);
end $$;

-- Closes a batch after its publish was seen in main (or there was nothing to publish: p_snapshot = p_base).
-- p_verdicts: [{delivery, verdict: published|duplicate, key, records}], the published ones first (a duplicate may be of one of
-- them); rejected members have their verdict already.
create function ledger.close_batch(p_batch text, p_attempt int, p_base bigint, p_snapshot bigint, p_receipt text, p_verdicts jsonb)
returns void language plpgsql security definer as $$
declare b ledger.batch; v record;
begin
  b := ledger.fence(p_batch, p_attempt, true);
  for v in select * from jsonb_to_recordset(p_verdicts) as x(delivery text, verdict text, key text, records bigint) loop
    if v.verdict = 'published' then
      insert into ledger.publication (world, table_name, publication_key, delivery_id, file_id, batch_id, snapshot_id)
      select b.world, b.table_name, v.key, v.delivery, m.file_id, p_batch, p_snapshot
        from ledger.member m where m.batch_id = p_batch and m.delivery_id = v.delivery;
    end if;
    update ledger.delivery
       set snapshot_id = case when v.verdict = 'published' then p_snapshot
                              else (select p.snapshot_id from ledger.publication p
                                     where p.world = b.world and p.table_name = b.table_name and p.publication_key = v.key) end,
           records_published = v.records
     where delivery_id = v.delivery;
    perform ledger.move(v.delivery, v.verdict, p_batch, p_attempt);
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

-- A batch that cannot be published whole: culprits are rejected, the others are staged again for a new batch.
-- p_rejected: [{delivery, reason}]. Its intents were resolved before (none may be open).
create function ledger.split_batch(p_batch text, p_attempt int, p_rejected jsonb) returns void
language plpgsql security definer as $$
declare r record;
begin
  perform ledger.fence(p_batch, p_attempt, true);
  perform ledger.no_open_intent(p_batch);
  for r in select * from jsonb_to_recordset(p_rejected) as x(delivery text, reason jsonb) loop
    perform ledger.move(r.delivery, 'rejected', p_batch, p_attempt, r.reason);
    update ledger.delivery set records_published = 0 where delivery_id = r.delivery;
  end loop;
  for r in select m.delivery_id from ledger.member m join ledger.delivery d using (delivery_id)
            where m.batch_id = p_batch and d.state in ('queued', 'running') loop
    perform ledger.move(r.delivery_id, 'staged', p_batch, p_attempt, jsonb_build_object('code', 'BATCH_SPLIT'));
  end loop;
  perform ledger.shut(p_batch, p_attempt, 'split');
end $$;

create function ledger.no_open_intent(p_batch text) returns void language plpgsql as $$
begin
  if exists (select 1 from ledger.intent where batch_id = p_batch and state = 'open') then
    raise exception 'batch % has an open intent', p_batch using errcode = 'GD002';
  end if;
end $$;

-- Parks what is left of a batch: it waits for a change of contract, code or configuration.
create function ledger.park_batch(p_batch text, p_attempt int, p_reason jsonb) returns void
language plpgsql security definer as $$
declare b ledger.batch; r record; fp text;
begin
  b := ledger.fence(p_batch, p_attempt, false);
  perform ledger.no_open_intent(p_batch);
  for r in select m.delivery_id, d.domain, d.dataset from ledger.member m join ledger.delivery d using (delivery_id)
            where m.batch_id = p_batch and d.state in ('queued', 'running') loop
    select s.fingerprint into fp from ledger.release l,
           jsonb_to_recordset(l.datasets) as s(domain text, dataset text, fingerprint text)
     where l.release_id = b.release_id and s.domain = r.domain and s.dataset = r.dataset;
    perform ledger.move(r.delivery_id, 'parked', p_batch, p_attempt, p_reason);
    update ledger.delivery set parked_under = fp where delivery_id = r.delivery_id;
  end loop;
  update ledger.batch set last_error = p_reason where batch_id = p_batch;
  perform ledger.shut(p_batch, p_attempt, 'parked');
end $$;

-- An attempt that failed. infrastructure: back off and retry for ever; unknown: a few times, then park; code and contract: park.
-- An open intent must be resolved by a next attempt, so such a batch is never parked here. Returns retry | parked.
create function ledger.fail_attempt(p_batch text, p_attempt int, p_class text, p_error jsonb) returns text
language plpgsql security definer as $$
declare b ledger.batch; park boolean; wait_s double precision;
begin
  b := ledger.fence(p_batch, p_attempt, false);
  update ledger.attempt set state = 'failed', ended_at = clock_timestamp(), error_class = p_class, error = p_error
   where batch_id = p_batch and attempt = p_attempt;
  park := (p_class in ('code', 'contract') or (p_class = 'unknown' and b.failures >= 4))
          and not exists (select 1 from ledger.intent where batch_id = p_batch and state = 'open');
  if park then
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

create function ledger.unstaged(p_delivery text) returns void language plpgsql security definer as $$
begin
  update ledger.delivery set unstaged_at = clock_timestamp()
   where delivery_id = p_delivery and state in ('published', 'duplicate', 'rejected');
end $$;

-- p_deliveries null: the hop is the whole batch's.
create function ledger.record_hop(
  p_world text, p_delivery text, p_batch text, p_attempt int, p_name text, p_state text, p_started timestamptz, p_ended timestamptz,
  p_ref text, p_why text
) returns void language sql security definer as $$
  insert into ledger.hop (world, delivery_id, batch_id, attempt, name, state, started_at, ended_at, ref, why)
  select p_world, p_delivery, p_batch, p_attempt, p_name, p_state, p_started, p_ended, p_ref, p_why
   where exists (select 1 from ledger.world where world = p_world);
$$;
