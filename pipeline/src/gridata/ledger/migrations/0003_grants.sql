-- Who may call what. Roles are made before the migrations run; their passwords are the stack's.
revoke all on schema ledger from public;
revoke execute on all functions in schema ledger from public;
grant usage on schema ledger to gateway, dispatcher, pipeline, publisher, reader, admin;
grant select on all tables in schema ledger to gateway, dispatcher, pipeline, publisher, reader, admin;

grant execute on function ledger.open_world, ledger.close_world, ledger.forget_world to admin;
grant execute on function ledger.open_world to dispatcher;
grant execute on function ledger.activate_release, ledger.register_delivery, ledger.park_staged, ledger.claim,
  ledger.start_attempt, ledger.grant_slot, ledger.unstaged, ledger.record_hop to dispatcher;
grant execute on function ledger.fail_attempt to dispatcher;
grant execute on function ledger.renew, ledger.file_validated, ledger.reject, ledger.finish_ingest, ledger.void_intent,
  ledger.split_batch, ledger.park_batch, ledger.fail_attempt, ledger.record_hop, ledger.close_batch to pipeline, publisher;
grant execute on function ledger.open_intent to publisher;
grant execute on function ledger.renew to dispatcher;

-- A security definer function must not be led astray by its caller's search path.
do $$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname = 'ledger' and p.prosecdef loop
    execute format('alter function %s set search_path = pg_catalog, pg_temp', f);
  end loop;
end $$;
