-- A step's run wants an application for itself, or shared with others that share it: queues it, and says whether it is its turn.
-- Safe to repeat; whoever asks again keeps its turn, but who no longer wants to share goes to the end of the queue.
--
-- Returns null if the run has the application from now on, until free_application or its end. Otherwise why not, for people; the
-- signal 'application/NAME' says when to ask again (but not if the other run ends without having let go: ask now and then).
create or replace function holdfast.hold_application(p_step bigint, p_fence bigint, p_application text, p_shared boolean)
returns text
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_run bigint := p_step >> 20;
  v_whole bigint[];  -- the runs that this one is a part of
  v_turn bigint;
  v_before record;
begin
  perform held(p_step, p_fence);
  perform pg_advisory_xact_lock(hashtextextended('holdfast.application/' || p_application, 0));
  delete from application_hold h
  where h.application = p_application
    and ((select r.finished_at is null from run r where r.run_id = h.run_id) is not true
      or (h.run_id = v_run and h.is_shared and not p_shared));
  insert into application_hold (application, run_id, is_shared) values (p_application, v_run, p_shared)
  on conflict do nothing;
  if exists (
    select from application_hold h where h.application = p_application and h.run_id = v_run and h.granted_at is not null)
  then
    return null;
  end if;

  with recursive whole(run_id) as (
    select r.parent_step >> 20 from run r where r.run_id = v_run and r.parent_step is not null
    union all
    select r.parent_step >> 20 from whole w join run r on r.run_id = w.run_id where r.parent_step is not null
  )
  select coalesce(array_agg(w.run_id), '{}') into v_whole from whole w;
  -- A part may go where the whole is, before those who wait for the whole.
  select min(h.turn) into v_turn
  from application_hold h
  where h.application = p_application and (h.run_id = v_run or (h.run_id = any (v_whole) and h.granted_at is not null));

  -- Before this run are those that are at it, and those that asked earlier, unless a pause keeps them from going on: nobody waits for
  -- its end.
  select h.run_id, h.granted_at, r.workflow, r.policy into v_before
  from application_hold h join run r on r.run_id = h.run_id
  where h.application = p_application and h.run_id <> all (v_whole || v_run) and not (h.is_shared and p_shared)
    and (h.granted_at is not null
      or (h.turn < v_turn and not exists (
        select from pause p where (p.scope, p.name) in (('queue', r.queue), ('policy', r.policy)))))
  order by h.granted_at is null, h.turn
  limit 1;
  if found then
    return format('run %s (%s%s) %s application %s; %s', v_before.run_id, v_before.workflow,
      coalesce(', policy ' || nullif(v_before.policy, ''), ''),
      case when v_before.granted_at is null then 'was before this one to ask for' else 'is at' end, p_application,
      'this one comes after it, or once that is cancelled');
  end if;
  update application_hold h set granted_at = now()
  where h.application = p_application and h.run_id = v_run and h.granted_at is null;
  return null;
end
$$;

comment on function holdfast.hold_application(bigint, bigint, text, boolean) is
  'Keeps other runs from an application, or says which run is before this one.';
