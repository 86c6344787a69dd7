-- Steps and what each is doing. Ask for one run (run_id = …) or one step (step_id = …): both become index lookups in
-- the run's own partition, since run and step are joined in both directions, by id and by range of ids.
create or replace view holdfast.step_status as
select
  s.step_id, r.run_id, s.name, coalesce(b.uses, '') as uses,
  case
    when h.step_id is not null then 'running'
    when q.step_id is not null then 'ready'
    when p.step_id is not null then 'waiting'
    when a.state in ('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined') then a.state::text
    else 'blocked'
  end as state,
  coalesce(h.failures + h.crashes + 1, q.failures + q.crashes + 1,
    p.failures + p.crashes + 1, nullif(n.attempts, 0)) as attempt,
  w.name as worker,
  coalesce(h.started_at, q.since, p.since, a.finished_at, r.submitted_at) as since,
  least(n.started_at, h.started_at) as started_at,
  case when v.is_over then a.finished_at end as finished_at,
  case
    when v.is_over then a.finished_at - n.started_at
    when h.step_id is not null then now() - h.started_at
  end as elapsed,
  coalesce(h.stop_reason, p.reason, case when v.is_over then a.message end) as reason,
  case when v.is_over then a.outputs end as outputs,
  p.wake_at,
  p.signal,
  coalesce(h.deadline_at, q.deadline_at, p.deadline_at) as deadline_at,
  h.time_limit_at,
  s.item,
  coalesce(b.is_group, false) as is_group,
  coalesce(b.is_always, false) as is_always,
  g.progress
from holdfast.run r
join holdfast.step s
  on s.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575 and s.step_id >> 20 = r.run_id
left join holdfast.step_body b on b.body_id = s.body_id
left join holdfast.lease h on h.step_id = s.step_id
left join holdfast.step_progress g on g.step_id = h.step_id and g.fence = h.fence
left join holdfast.ready q on q.step_id = s.step_id
left join holdfast.parked p on p.step_id = s.step_id
left join lateral (
  select a.state, a.worker_id, a.finished_at, a.message, a.outputs
  from holdfast.attempt a where a.step_id = s.step_id order by a.fence desc limit 1
) a on true
left join lateral (
  -- Tries by workers since the run was last retried from here. Having been parked is no try, but counts for the time.
  select count(*) filter (where t.state <> 'parked')::int as attempts, min(t.started_at) as started_at
  from holdfast.attempt t
  where t.step_id = s.step_id and t.worker_id is not null and t.state <> 'returned'
    and t.fence > coalesce((
      select max(o.fence) from holdfast.attempt o where o.step_id = s.step_id and o.state = 'reopened'), 0)
) n on true
cross join lateral (
  select h.step_id is null and q.step_id is null and p.step_id is null
    and a.state in ('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined') as is_over
) v
left join holdfast.worker w on w.worker_id = coalesce(h.worker_id, a.worker_id);

comment on view holdfast.step_status is
  'Steps with what each is doing; ask for a run_id or a step_id.';
comment on column holdfast.step_status.step_id is 'The step: run_id << 20 | its ordinal in the run.';
comment on column holdfast.step_status.run_id is 'The run; ask for it with run_id = ….';
comment on column holdfast.step_status.name is
  'Name in the plan; a group''s instances are GROUP[n].STEP, undo steps undo:STEP, instances of before a retry old:….';
comment on column holdfast.step_status.uses is 'Kind of step; group for a forEach.';
comment on column holdfast.step_status.state is
  'blocked (needs are not over) | ready | running | waiting (for a time, a signal or the next attempt) | '
  'succeeded | failed | skipped | omitted | cancelled | quarantined.';
comment on column holdfast.step_status.attempt is
  'Number of the attempt that runs, comes next or was the last; null if it never ran.';
comment on column holdfast.step_status.worker is 'Worker that does it, or did it last.';
comment on column holdfast.step_status.since is 'Since when it is in this state.';
comment on column holdfast.step_status.started_at is 'When its first attempt began.';
comment on column holdfast.step_status.finished_at is 'When it was over.';
comment on column holdfast.step_status.elapsed is 'How long it took, or how long the running attempt has taken.';
comment on column holdfast.step_status.reason is
  'What it waits for, why it is being stopped, or how it failed; for people.';
comment on column holdfast.step_status.outputs is 'What it put out, if it succeeded.';
comment on column holdfast.step_status.wake_at is 'When a waiting step goes on at the latest.';
comment on column holdfast.step_status.signal is 'The signal that a waiting step waits for.';
comment on column holdfast.step_status.deadline_at is 'By when the step has to be over.';
comment on column holdfast.step_status.time_limit_at is 'By when the running attempt has to be over.';
comment on column holdfast.step_status.item is 'Of a group''s instance: the bindings, name to value.';
comment on column holdfast.step_status.is_group is 'Whether it is a group (forEach).';
comment on column holdfast.step_status.is_always is 'Whether it runs whatever became of its needs.';
comment on column holdfast.step_status.progress is
  'How far a running step is, if it says so: {"done": bytes, "total": bytes, "rate": bytes per second, "etaSeconds": number, '
  '"files": number, "note": text}, each if known.';
