-- Runs, newest by "order by run_id desc". The steps are counted for the rows that are asked for, each from the rows of its own
-- run (step_id range), so a list of 50 runs costs the same however much history there is.
create or replace view holdfast.run_status as
select
  r.run_id, r.workflow, nullif(r.policy, '') as policy, r.queue, r.priority, r.state, r.submitted_at,
  least(w.started_at, o.started_at) as started_at,
  r.finished_at,
  coalesce(r.finished_at, now()) - r.submitted_at as elapsed,
  r.next_ordinal - 1 as steps_total,
  o.succeeded as steps_succeeded, o.failed as steps_failed, o.skipped as steps_skipped, o.omitted as steps_omitted,
  o.cancelled as steps_cancelled, w.running as steps_running, w.ready as steps_ready, w.parked as steps_waiting,
  greatest(0, r.next_ordinal - 1 - o.total - w.running - w.ready - w.parked)::int as steps_blocked,
  r.failure, r.stop_reason, r.deadline_at, r.slot, r.key,
  r.parent_step >> 20 as parent_run_id, r.parent_step as parent_step_id,
  r.params
from holdfast.run r
left join lateral (
  -- The last word on each step that has one.
  select
    (count(*) filter (where l.state in ('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined')))::int as total,
    (count(*) filter (where l.state = 'succeeded'))::int as succeeded,
    (count(*) filter (where l.state in ('failed', 'quarantined')))::int as failed,
    (count(*) filter (where l.state = 'skipped'))::int as skipped,
    (count(*) filter (where l.state = 'omitted'))::int as omitted,
    (count(*) filter (where l.state = 'cancelled'))::int as cancelled,
    min(l.started_at) as started_at
  from (
    select distinct on (a.step_id) a.state, a.started_at
    from holdfast.attempt a
    where a.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
    order by a.step_id, a.fence desc
  ) l
) o on true
left join lateral (
  select
    (count(*) filter (where l.what = 'running'))::int as running,
    (count(*) filter (where l.what = 'ready'))::int as ready,
    (count(*) filter (where l.what = 'parked'))::int as parked,
    min(l.started_at) as started_at
  from (
    select 'running' as what, h.started_at
    from holdfast.lease h where h.step_id between r.run_id << 20 and (r.run_id << 20) + 1048575 and r.finished_at is null
    union all
    select 'ready', null
    from holdfast.ready q where q.step_id between r.run_id << 20 and (r.run_id << 20) + 1048575 and r.finished_at is null
    union all
    select 'parked', null
    from holdfast.parked p where p.step_id between r.run_id << 20 and (r.run_id << 20) + 1048575 and r.finished_at is null
  ) l
) w on true;
