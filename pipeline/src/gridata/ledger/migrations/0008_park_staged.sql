-- Whoever parks a file may have looked at the release before the current one: parked under it the file would wait for a change that
-- has come already. Activating a release and parking take turns (0005), and a dataset of the current release is not parked.
create or replace function ledger.park_staged(p_delivery text, p_fingerprint text, p_reason jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext('gridata.release'));
  perform 1 from ledger.delivery where delivery_id = p_delivery and state = 'staged' for update;
  if not found then return; end if;
  if exists (
    select 1 from ledger.delivery d, ledger.release l,
           jsonb_to_recordset(l.datasets) as s(domain text, dataset text, fingerprint text)
     where d.delivery_id = p_delivery and l.release_id = ledger.current_release()
       and s.domain = d.domain and s.dataset = d.dataset and s.fingerprint is distinct from p_fingerprint
  ) then return; end if;
  perform ledger.move(p_delivery, 'parked', null, null, p_reason);
  update ledger.delivery set parked_under = p_fingerprint where delivery_id = p_delivery;
end $$;
