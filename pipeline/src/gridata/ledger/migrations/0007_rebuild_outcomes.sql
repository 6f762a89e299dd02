-- A rebuilt delivery has its outcome by mode again.
create function ledger.rebuild_outcomes(p_world text, p_deliveries jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update ledger.delivery d set outcome = x.outcome
    from jsonb_to_recordset(p_deliveries) as x(delivery_id text, outcome jsonb)
   where d.world = p_world and d.delivery_id = x.delivery_id and jsonb_typeof(x.outcome) = 'object';
$$;

revoke execute on function ledger.rebuild_outcomes from public;
grant execute on function ledger.rebuild_outcomes to admin;
