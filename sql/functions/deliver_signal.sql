-- Wakes the steps of a run that wait for a signal, or keeps the signal for the first that will. Returns how many it
-- woke.
create or replace function holdfast.deliver_signal(p_run bigint, p_name text, p_payload jsonb) returns int
language plpgsql
as $$
declare
  v_lanes int[];
begin
  -- One at a time with the parking of a step of this run, so that a signal and a wait can't miss each other.
  perform pg_advisory_xact_lock(hashtextextended(p_run || '/' || p_name, 0));
  with woken as (
    delete from holdfast.parked p
    where p.step_id between p_run << 20 and (p_run << 20) + 1048575 and p.signal = p_name
    returning p.*
  ), put as (
    insert into holdfast.ready (step_id, lane_id, failures, crashes, wakes, deadline_at, payload)
    select w.step_id, w.lane_id, w.failures, w.crashes, w.wakes, w.deadline_at, coalesce(p_payload, 'null') from woken w
    returning lane_id
  )
  select array_agg(p.lane_id) into v_lanes from put p;
  if v_lanes is null then
    insert into holdfast.signal (run_id, name, payload) values (p_run, p_name, p_payload)
    on conflict (run_id, name) do update set payload = excluded.payload, sent_at = now();
    return 0;
  end if;
  perform holdfast.wake(v_lanes);
  return cardinality(v_lanes);
end
$$;

comment on function holdfast.deliver_signal(bigint, text, jsonb) is
  'Wakes what waits for a signal, or keeps it; internal, use signal.';
