-- A world that is taken out of the stack ends all that it has under way first: whoever still works on it is superseded at its next word to
-- the ledger, and no batch of it gets another attempt. Returns the attempts that may have left something running. Idempotent.
create function ledger.stop_world(p_world text) returns table (batch_id text, attempt int)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update ledger.world w set state = 'closing' where w.world = p_world;
  update ledger.batch b set state = 'cancelled', lease_until = null, closed_at = clock_timestamp()
   where b.world = p_world and b.state = 'open';
  delete from ledger.slot s where s.world = p_world;
  perform ledger.tell(p_world, 'world', p_world);
  return query select a.batch_id, a.attempt from ledger.batch b join ledger.attempt a using (batch_id)
                where b.world = p_world and b.state = 'cancelled' and a.state <> 'finished' order by 1, 2;
end $$;

revoke execute on function ledger.stop_world from public;
grant execute on function ledger.stop_world to admin;
