-- Cancels whatever of a stopping run doesn't run, and asks the workers to stop what does; steps marked always are left
-- alone. Repeated by tick, for what became ready, was claimed or started another run at the moment of the cancel.
--
-- The run is locked before anything of it, as by whoever cancels or gives up. Reports lock their leases first and then the run, so it
-- waits for none of them: a lease that is being reported is over soon, and whatever is left of it is there at the next tick.
create or replace function holdfast.sweep_stopping(p_run bigint) returns void
language plpgsql
as $$
declare
  v_low bigint := p_run << 20;
  v_high bigint := (p_run << 20) + 1048575;
  v_reason text;
  v_state text;
  v_steps bigint[];
  v_worker int;
begin
  -- Whoever asks may have seen it stopping some time ago: it may have ended since, and may even have been retried.
  select r.stop_reason, r.stop_state into v_reason, v_state
  from holdfast.run r where r.run_id = p_run and r.stop_state is not null and r.finished_at is null for update skip locked;
  if not found then
    return;
  end if;
  -- From the few rows that are ready or parked to their steps, not from the run's million steps.
  with waiting as materialized (
    select r.step_id from holdfast.ready r where r.step_id between v_low and v_high
    union all
    select p.step_id from holdfast.parked p where p.step_id between v_low and v_high
  )
  select array_agg(w.step_id) into v_steps
  from waiting w
  cross join lateral (
    select b.is_always
    from holdfast.step s join holdfast.step_body b on b.body_id = s.body_id
    where s.step_id = w.step_id offset 0
  ) b
  where not b.is_always;

  for v_worker in
    with free as materialized (
      select l.step_id
      from holdfast.lease l
      join holdfast.step s on s.step_id = l.step_id
      join holdfast.step_body b on b.body_id = s.body_id
      where l.step_id between v_low and v_high and l.stop_reason is null and not b.is_always
      for update of l skip locked
    ), stopped as (
      update holdfast.lease l set stop_reason = coalesce(v_reason, 'cancelled')
      from free f where l.step_id = f.step_id
      returning l.worker_id
    )
    select distinct s.worker_id from stopped s
  loop
    perform pg_notify('holdfast_worker_' || v_worker, 'stop');
  end loop;

  -- Runs that its steps have started, at the moment of the cancel, too; what steps marked always have started goes on. Before the steps
  -- that wait for them: whoever ends such a run has it locked, and then wakes these.
  perform holdfast.cancel(c.run_id, 'the run that started it was stopped: ' || v_reason, v_state)
  from holdfast.run c
  cross join lateral (
    select b.is_always
    from holdfast.step s join holdfast.step_body b on b.body_id = s.body_id
    where s.step_id = c.parent_step offset 0
  ) b
  where c.finished_at is null and c.state = 'running' and c.parent_step between v_low and v_high and not b.is_always;

  if v_steps is not null then
    perform holdfast.end_waiting(v_steps, v_reason);
  end if;
end
$$;

comment on function holdfast.sweep_stopping(bigint) is 'Cancels the waiting steps of a stopping run and stops its running ones.';
