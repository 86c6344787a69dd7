-- The steps of one run, read as a whole: for pictures of a run that are drawn again and again. It walks once over what the
-- run has of steps, attempts and live work, where step_status looks up each step by itself; so ask for one run (run_id = …).
create or replace view holdfast.run_step as
select
  r.run_id, n.step_id, n.name, b.uses, n.state,
  coalesce(n.failures + n.crashes + 1, n.tries) as attempt,
  b.max_attempts::int as max_attempts,
  w.name as worker,
  coalesce(n.since, n.finished_at, r.submitted_at) as since,
  coalesce(n.started_at, n.lease_started_at) as started_at,
  n.finished_at, n.reason, n.wake_at, n.signal, n.deadline_at, n.time_limit_at, n.item,
  b.is_group, b.is_always, l.labels, l.limits, n.progress
from holdfast.run r
cross join lateral (
  with busy as materialized (
    select
      h.step_id, 'running' as state, h.worker_id, h.started_at as since, h.started_at as lease_started_at, h.failures, h.crashes,
      h.stop_reason as reason, null::timestamptz as wake_at, null::text as signal, h.deadline_at, h.time_limit_at, g.progress
    from holdfast.lease h
    left join holdfast.step_progress g on g.step_id = h.step_id and g.fence = h.fence
    where h.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
    union all
    select q.step_id, 'ready', null, q.since, null, q.failures, q.crashes, null, null, null, q.deadline_at, null, null
    from holdfast.ready q where q.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
    union all
    select
      p.step_id, 'waiting', null, p.since, null, p.failures, p.crashes, p.reason, p.wake_at, p.signal, p.deadline_at, null, null
    from holdfast.parked p where p.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
  ), tried as materialized (
    -- Tries by workers, since the run was last retried from the step.
    select
      a.step_id, a.fence, a.state, a.worker_id, a.started_at, a.finished_at, a.message,
      a.worker_id is not null and a.state not in ('parked', 'returned')
        and a.fence > coalesce(max(case when a.state = 'reopened' then a.fence end) over (partition by a.step_id), 0) as is_try,
      -- What it did before it was parked counts for its time: a step that waits for an hour took an hour.
      a.worker_id is not null and a.state <> 'returned'
        and a.fence > coalesce(max(case when a.state = 'reopened' then a.fence end) over (partition by a.step_id), 0) as is_begun
    from holdfast.attempt a
    where a.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
  ), word as materialized (
    -- The last word on each step that has one.
    select distinct on (t.step_id)
      t.step_id, t.state, t.worker_id, t.finished_at, t.message,
      nullif(count(case when t.is_try then 1 end) over s, 0)::int as tries,
      min(case when t.is_begun then t.started_at end) over s as started_at
    from tried t
    window s as (partition by t.step_id)
    order by t.step_id, t.fence desc
  )
  select
    s.step_id, s.name, s.body_id, s.lane_id, s.item,
    coalesce(y.state, case when v.is_over then a.state::text else 'blocked' end) as state,
    y.since, y.lease_started_at, y.failures, y.crashes, y.wake_at, y.signal, y.deadline_at, y.time_limit_at, y.progress,
    coalesce(y.worker_id, a.worker_id) as worker_id,
    a.tries, a.started_at,
    case when v.is_over then a.finished_at end as finished_at,
    coalesce(y.reason, case when v.is_over then a.message end) as reason
  from holdfast.step s
  left join busy y on y.step_id = s.step_id
  left join word a on a.step_id = s.step_id
  cross join lateral (
    select y.step_id is null
      and coalesce(a.state in ('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined'), false) as is_over
  ) v
  where s.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
) n
left join holdfast.step_body b on b.body_id = n.body_id
left join holdfast.lane l on l.lane_id = n.lane_id
left join holdfast.worker w on w.worker_id = n.worker_id;

comment on view holdfast.run_step is
  'The steps of one run, read as a whole: cheaper than step_status for many steps, dearer for one; ask for a run_id.';
comment on column holdfast.run_step.run_id is 'The run; ask for it with run_id = ….';
comment on column holdfast.run_step.step_id is 'The step: run_id << 20 | its ordinal in the run.';
comment on column holdfast.run_step.name is
  'Name in the plan; a group''s instances are GROUP[n].STEP, undo steps undo:STEP, instances of before a retry old:….';
comment on column holdfast.run_step.uses is 'Kind of step; group for a forEach.';
comment on column holdfast.run_step.state is
  'blocked (needs are not over) | ready | running | waiting (for a time, a signal or the next attempt) | '
  'succeeded | failed | skipped | omitted | cancelled | quarantined.';
comment on column holdfast.run_step.attempt is
  'Number of the attempt that runs, comes next or was the last; null if it never ran.';
comment on column holdfast.run_step.max_attempts is 'How many attempts may fail before the step has failed.';
comment on column holdfast.run_step.worker is 'Worker that does it, or did it last.';
comment on column holdfast.run_step.since is 'Since when it is in this state.';
comment on column holdfast.run_step.started_at is 'When its first attempt began.';
comment on column holdfast.run_step.finished_at is 'When it was over.';
comment on column holdfast.run_step.reason is
  'What it waits for, why it is being stopped, or how it failed; for people. Why a ready step is not taken: see waiting.';
comment on column holdfast.run_step.wake_at is 'When a waiting step goes on at the latest.';
comment on column holdfast.run_step.signal is 'The signal that a waiting step waits for.';
comment on column holdfast.run_step.deadline_at is 'By when the step has to be over.';
comment on column holdfast.run_step.time_limit_at is 'By when the running attempt has to be over.';
comment on column holdfast.run_step.item is 'Of a group''s instance: the bindings, name to value.';
comment on column holdfast.run_step.is_group is 'Whether it is a group (forEach).';
comment on column holdfast.run_step.is_always is 'Whether it runs whatever became of its needs.';
comment on column holdfast.run_step.labels is 'Labels that its worker has to have (on).';
comment on column holdfast.run_step.limits is 'Named limits that it runs under.';
comment on column holdfast.run_step.progress is 'How far a running step is, if it says so; see step_status.';
