-- The ledger's tables. Nobody but the owner writes them: every other identity calls the functions of 0002, each of which is
-- one transaction that checks what it relies on. Times are timestamptz, sizes bytes, snapshot ids 64-bit.

create schema ledger;

create table ledger.world (
  world      text primary key check (world ~ '^[a-z][a-z0-9_]{0,31}$'),
  state      text not null default 'open' check (state in ('open', 'closing')),
  created_at timestamptz not null default clock_timestamp()
);

-- A release is what a batch pins: contracts, jobs and pipeline by content hash.
create table ledger.release (
  release_id   text primary key,
  -- [{domain, dataset, table, fingerprint, redelivery}]
  datasets     jsonb not null,
  activated_at timestamptz not null default clock_timestamp()
);

create table ledger.delivery (
  delivery_id  text primary key,
  world        text not null references ledger.world on delete cascade,
  domain       text not null,
  dataset      text not null,
  object_key   text not null,
  version_id   text not null,
  name         text not null,
  size_bytes   bigint not null,
  -- Milliseconds since the epoch; (arrival_ms, delivery_id) is the order of arrival.
  arrival_ms   bigint not null,
  again        boolean not null default false,
  table_name   text,
  file_id      text,
  state        text not null default 'staged'
               check (state in ('staged', 'queued', 'running', 'published', 'duplicate', 'rejected', 'parked')),
  batch_id     text,
  -- Why it was rejected or parked: {code, reason, ...}; null otherwise.
  reason       jsonb,
  -- Fingerprint of the dataset that parked it: another one drives it again.
  parked_under text,
  snapshot_id  bigint,
  records_in   bigint,
  records_published bigint,
  records_rejected  bigint,
  rejects_uri  text,
  -- The staged version is deleted after the final verdict.
  unstaged_at  timestamptz,
  changed_at   timestamptz not null default clock_timestamp(),
  unique (world, object_key, version_id)
);
create index on ledger.delivery (world, domain, dataset, state, arrival_ms, delivery_id);
create index on ledger.delivery (batch_id);
create index on ledger.delivery (world, file_id);
create index on ledger.delivery (world, name);

-- Append only: how each delivery came to its present state.
create table ledger.transition (
  seq         bigint generated always as identity primary key,
  at          timestamptz not null default clock_timestamp(),
  delivery_id text not null references ledger.delivery on delete cascade,
  from_state  text,
  to_state    text not null,
  batch_id    text,
  attempt     int,
  reason      jsonb
);
create index on ledger.transition (delivery_id);

create table ledger.batch (
  batch_id     text primary key,
  world        text not null references ledger.world on delete cascade,
  table_name   text not null,
  release_id   text not null references ledger.release,
  state        text not null default 'open'
               check (state in ('open', 'published', 'nothing', 'split', 'parked', 'cancelled')),
  phase        text not null default 'ingest' check (phase in ('ingest', 'publish')),
  attempt      int not null default 0,
  -- The running step of the newest attempt renews it; null while none runs.
  lease_until  timestamptz,
  failures     int not null default 0,
  not_before   timestamptz not null default clock_timestamp(),
  last_error   jsonb,
  base_id      bigint,
  snapshot_id  bigint,
  receipt_key  text,
  created_at   timestamptz not null default clock_timestamp(),
  closed_at    timestamptz
);
create index on ledger.batch (world, table_name) where state = 'open';

-- The set of a batch never changes. What validation found of each member is kept, so that a later attempt need not repeat it.
create table ledger.member (
  batch_id    text not null references ledger.batch on delete cascade,
  delivery_id text not null references ledger.delivery on delete cascade,
  position    int not null,
  file_id     text,
  -- {outcome, records, accepted, rejected, parquet_key, raw_key, rejects_uri, ...}
  result      jsonb,
  primary key (batch_id, delivery_id)
);

create table ledger.attempt (
  batch_id   text not null references ledger.batch on delete cascade,
  attempt    int not null,
  state      text not null default 'running' check (state in ('running', 'failed', 'lost', 'finished')),
  phase      text not null default 'ingest',
  started_at timestamptz not null default clock_timestamp(),
  ended_at   timestamptz,
  -- infrastructure | data | code | contract | unknown
  error_class text,
  error      jsonb,
  primary key (batch_id, attempt)
);

create table ledger.intent (
  batch_id    text not null references ledger.batch on delete cascade,
  attempt     int not null,
  world       text not null,
  table_name  text not null,
  base_id     bigint not null,
  snapshot_id bigint not null,
  state       text not null default 'open' check (state in ('open', 'published', 'void')),
  opened_at   timestamptz not null default clock_timestamp(),
  closed_at   timestamptz,
  primary key (batch_id, attempt)
);
create unique index on ledger.intent (world, table_name) where state = 'open';

-- The publishing slot of a table: publish, backfill, maintenance and rollback share it.
create table ledger.slot (
  world      text not null references ledger.world on delete cascade,
  table_name text not null,
  holder     text not null,
  since      timestamptz not null default clock_timestamp(),
  primary key (world, table_name)
);

-- What is currently published. The key is the file id, or the delivery id where redelivery applies again.
create table ledger.publication (
  world           text not null references ledger.world on delete cascade,
  table_name      text not null,
  publication_key text not null,
  delivery_id     text not null,
  file_id         text not null,
  batch_id        text not null,
  snapshot_id     bigint not null,
  primary key (world, table_name, publication_key)
);
create index on ledger.publication (world, table_name, snapshot_id);

-- Append only: the passport of a file, hop by hop.
create table ledger.hop (
  seq         bigint generated always as identity primary key,
  world       text not null references ledger.world on delete cascade,
  delivery_id text,
  batch_id    text,
  attempt     int,
  name        text not null check (name in ('dropped', 'staged', 'announced', 'dispatched', 'validated', 'raw',
                                            'written', 'checked', 'published', 'closed')),
  state       text not null check (state in ('done', 'failed')),
  started_at  timestamptz not null,
  ended_at    timestamptz not null,
  ref         text,
  why         text
);
create index on ledger.hop (delivery_id);
create index on ledger.hop (batch_id);
