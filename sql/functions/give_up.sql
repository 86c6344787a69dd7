-- Ends those steps of a run that is being cancelled or undone which are done in any case (always, undo), but wait for a worker, and
-- no living one can do them: their node is gone for good, and the run would never end. What they would have undone stays, as the
-- event says; of that, a janitor releases what is in the ledger. Returns how many there were.
create or replace function holdfast.give_up(p_run bigint) returns int
language plpgsql security definer set search_path = holdfast, pg_temp
as $$
declare
  v_steps bigint[];
  v_names text[] := '{}';
  v_count int := 0;
begin
  perform from run r where r.run_id = p_run and r.state in ('cancelling', 'undoing') for update;
  if not found then
    return 0;
  end if;
  loop
    -- One that ends may make others ready.
    select array_agg(w.step_id) into v_steps
    from (
      select r.step_id, r.lane_id from ready r where r.step_id between p_run << 20 and (p_run << 20) + 1048575
      union all
      select p.step_id, p.lane_id from parked p where p.step_id between p_run << 20 and (p_run << 20) + 1048575
    ) w
    join lane l on l.lane_id = w.lane_id
    where not exists (select from worker k where k.state in ('active', 'draining') and fits(k, l));
    exit when v_steps is null;
    v_names := v_names || array(
      select s.name from step s
      where s.step_id = any (v_steps) and s.step_id between p_run << 20 and (p_run << 20) + 1048575 order by s.step_id);
    v_count := v_count + end_waiting(v_steps, 'it was given up: no living worker can do it');
  end loop;
  if v_count > 0 then
    perform add_event(
      'steps-given-up',
      format('%s steps that no living worker can do were given up, and what they would have undone stays: %s%s', v_count,
        array_to_string(v_names[1:10], ', '),
        case when cardinality(v_names) > 10 then format(' and %s more', cardinality(v_names) - 10) else '' end),
      p_run => p_run);
  end if;
  return v_count;
end
$$;

comment on function holdfast.give_up(bigint) is 'Ends the steps of a cancelled or undone run that no living worker can do.';
