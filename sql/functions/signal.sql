-- Sends a signal to a run: wakes the steps that wait for it, or keeps it for the first that will.
-- Returns how many steps it woke.
create or replace function holdfast.signal(p_run bigint, p_name text, p_payload jsonb default null) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if not exists (select from run r where r.run_id = p_run and r.finished_at is null) then
    perform refuse(format('run %s is over, or there is none of that number', p_run), null, 'HF002');
  end if;
  return deliver_signal(p_run, p_name, p_payload);
end
$$;

comment on function holdfast.signal(bigint, text, jsonb) is
  'Wakes the steps of a run that wait for this signal; kept for later if none does yet.';
