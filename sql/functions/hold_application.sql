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
  v_turn bigint;
  v_before record;
begin
  perform held(p_step, p_fence);
  perform pg_advisory_xact_lock(hashtextextended('holdfast.application/' || p_application, 0));
  delete from application_hold h
  where h.application = p_application
    and (select r.finished_at is null from run r where r.run_id = h.run_id) is not true;

  delete from application_hold h
  where h.application = p_application and h.run_id = v_run and h.is_shared and not p_shared;
  insert into application_hold (application, run_id, is_shared) values (p_application, v_run, p_shared)
  on conflict do nothing;
  select h.turn into v_turn from application_hold h where h.application = p_application and h.run_id = v_run;

  with recursive family(run_id) as (
    -- A run that this one is a part of has the application for it, too.
    select v_run
    union all
    select r.parent_step >> 20 from family f join run r on r.run_id = f.run_id where r.parent_step is not null
  )
  select h.run_id, h.granted_at, r.workflow, r.policy into v_before
  from application_hold h join run r on r.run_id = h.run_id
  where h.application = p_application and h.turn < v_turn and not (h.is_shared and p_shared)
    and h.run_id not in (select f.run_id from family f)
  order by h.turn
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
