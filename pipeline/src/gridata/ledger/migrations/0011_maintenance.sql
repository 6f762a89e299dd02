-- The identity of the sweep: it reads the ledger and writes none of it.
grant usage on schema ledger to maintenance;
grant select on all tables in schema ledger to maintenance;
