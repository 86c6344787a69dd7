-- Sends a signal to a run: wakes the steps that wait for it, or keeps it for the first that will.
-- Returns how many steps it woke.
create or replace function holdfast.signal(p_run bigint, p_name text, p_payload jsonb default null) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_lanes int[];
begin
  -- One at a time with the parking of a step of this run, so that a signal and a wait can't miss each other.
  perform pg_advisory_xact_lock(hashtextextended(p_run || '/' || p_name, 0));
  if not exists (select from run r where r.run_id = p_run and r.finished_at is null) then
    perform refuse(format('run %s is over, or there is none of that number', p_run), null, 'HF002');
  end if;
  with woken as (
    delete from parked p
    where p.step_id between p_run << 20 and (p_run << 20) + 1048575 and p.signal = p_name
    returning p.*
  ), put as (
    insert into ready (step_id, lane_id, failures, crashes, wakes, deadline_at, payload)
    select w.step_id, w.lane_id, w.failures, w.crashes, w.wakes, w.deadline_at, coalesce(p_payload, 'null') from woken w
    returning lane_id
  )
  select array_agg(p.lane_id) into v_lanes from put p;
  if v_lanes is null then
    insert into signal (run_id, name, payload) values (p_run, p_name, p_payload)
    on conflict (run_id, name) do update set payload = excluded.payload, sent_at = now();
    return 0;
  end if;
  perform wake(v_lanes);
  return cardinality(v_lanes);
end
$$;

comment on function holdfast.signal(bigint, text, jsonb) is
  'Wakes the steps of a run that wait for this signal; kept for later if none does yet.';
