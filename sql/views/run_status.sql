-- Runs, newest by "order by run_id desc". The steps are counted for the rows that are asked for, each from the rows of
-- its own run (step_id range), so a list of 50 runs costs the same however much history there is.
create or replace view holdfast.run_status as
select
  r.run_id, r.workflow, r.workflow_version, nullif(r.policy, '') as policy, r.queue, r.priority, r.state, r.submitted_at,
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
    (count(*) filter (
      where l.state in ('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined')))::int as total,
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
    from holdfast.lease h
    where h.step_id between r.run_id << 20 and (r.run_id << 20) + 1048575 and r.finished_at is null
    union all
    select 'ready', null
    from holdfast.ready q
    where q.step_id between r.run_id << 20 and (r.run_id << 20) + 1048575 and r.finished_at is null
    union all
    select 'parked', null
    from holdfast.parked p
    where p.step_id between r.run_id << 20 and (r.run_id << 20) + 1048575 and r.finished_at is null
  ) l
) w on true;

comment on view holdfast.run_status is
  'Runs of workflows with their state and how many steps are where; newest by order by run_id desc.';
comment on column holdfast.run_status.run_id is 'The run; ids grow with the time of the submit, by days.';
comment on column holdfast.run_status.workflow is 'Name of the run''s workflow.';
comment on column holdfast.run_status.workflow_version is
  'Version of the workflow''s document; null for a run that was submitted as a plan.';
comment on column holdfast.run_status.policy is 'The policy that the run belongs to; null for a run without one.';
comment on column holdfast.run_status.queue is 'The queue that its steps are taken from.';
comment on column holdfast.run_status.priority is 'Higher goes first.';
comment on column holdfast.run_status.state is
  'running | cancelling (its steps are being stopped) | undoing (what it did is being undone) | succeeded | '
  'failed | cancelled.';
comment on column holdfast.run_status.submitted_at is 'When it was submitted.';
comment on column holdfast.run_status.started_at is 'When its first step was taken by a worker; null if none was.';
comment on column holdfast.run_status.finished_at is 'When it was over; null while it lives.';
comment on column holdfast.run_status.elapsed is 'From the submit to the end, or until now.';
comment on column holdfast.run_status.steps_total is
  'Steps known so far; groups grow when they are expanded, undo steps come at the end.';
comment on column holdfast.run_status.steps_succeeded is 'Steps that succeeded; an expanded group is one of them.';
comment on column holdfast.run_status.steps_failed is 'Steps that failed or were quarantined.';
comment on column holdfast.run_status.steps_skipped is 'Steps whose condition (when) was false.';
comment on column holdfast.run_status.steps_omitted is 'Steps left out since a step that they need did not succeed.';
comment on column holdfast.run_status.steps_cancelled is 'Steps that were cancelled.';
comment on column holdfast.run_status.steps_running is 'Steps that a worker does now.';
comment on column holdfast.run_status.steps_ready is 'Steps that any fitting worker may take now.';
comment on column holdfast.run_status.steps_waiting is 'Steps that wait for a time, a signal or the next attempt.';
comment on column holdfast.run_status.steps_blocked is 'Steps whose needs are not over.';
comment on column holdfast.run_status.failure is 'The first failure, if a step failed.';
comment on column holdfast.run_status.stop_reason is 'Why it was cancelled, if it was.';
comment on column holdfast.run_status.deadline_at is 'When it is stopped if it is not over by then.';
comment on column holdfast.run_status.slot is
  'The time of its schedule that it was started for; null if it was not scheduled.';
comment on column holdfast.run_status.key is 'The idempotency key of its submit.';
comment on column holdfast.run_status.parent_run_id is 'The run whose step started this one.';
comment on column holdfast.run_status.parent_step_id is 'The step that started this run.';
comment on column holdfast.run_status.params is 'The parameters it was submitted with.';
