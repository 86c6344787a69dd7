-- Cancels whatever of a stopping run doesn't run, and asks the workers to stop what does; steps marked always are left
-- alone. Repeated by tick, for steps that became ready or were claimed at the moment of the cancel.
create or replace function holdfast.sweep_stopping(p_run bigint) returns void
language plpgsql
as $$
declare
  v_low bigint := p_run << 20;
  v_high bigint := (p_run << 20) + 1048575;
  v_reason text;
  v_steps bigint[];
  v_worker int;
begin
  select r.stop_reason into v_reason from holdfast.run r where r.run_id = p_run;
  -- From the few rows that are ready or parked to their steps, not from the run's million steps.
  with waiting as materialized (
    select r.step_id from holdfast.ready r where r.step_id between v_low and v_high
    union all
    select p.step_id from holdfast.parked p where p.step_id between v_low and v_high
  ), sweepable as materialized (
    select w.step_id
    from waiting w
    cross join lateral (
      select b.is_always
      from holdfast.step s join holdfast.step_body b on b.body_id = s.body_id
      where s.step_id = w.step_id offset 0
    ) b
    where not b.is_always
  ), unready as (
    delete from holdfast.ready r using sweepable s where r.step_id = s.step_id returning r.step_id
  ), unparked as (
    delete from holdfast.parked p using sweepable s where p.step_id = s.step_id returning p.step_id
  ), over as (
    insert into holdfast.attempt (step_id, fence, state, message)
    select o.step_id, nextval('holdfast.fence_sequence'), 'cancelled', v_reason
    from (select * from unready union all select * from unparked) o
    returning step_id
  )
  select array_agg(o.step_id) into v_steps from over o;

  for v_worker in
    with stopped as (
      update holdfast.lease l set stop_reason = coalesce(v_reason, 'cancelled')
      from holdfast.step s join holdfast.step_body b on b.body_id = s.body_id
      where l.step_id between v_low and v_high and s.step_id = l.step_id and not b.is_always and l.stop_reason is null
      returning l.worker_id
    )
    select distinct s.worker_id from stopped s
  loop
    perform pg_notify('holdfast_worker_' || v_worker, 'stop');
  end loop;

  if v_steps is not null then
    perform holdfast.complete(v_steps, array_fill(false, array[cardinality(v_steps)]));
  end if;
end
$$;

comment on function holdfast.sweep_stopping(bigint) is 'Cancels the waiting steps of a stopping run and stops its running ones.';
