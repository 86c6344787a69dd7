-- Every attempt of every step, and every end of a step without one. Ask for one run or one step.
create or replace view holdfast.attempt_log as
select
  r.run_id, a.step_id, s.name as step, coalesce(b.uses, '') as uses, a.fence,
  a.state::text as state,
  a.state in ('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined') as is_final,
  a.worker_id, w.name as worker, a.started_at, a.finished_at,
  a.finished_at - a.started_at as elapsed,
  a.message, a.outputs
from holdfast.run r
join holdfast.attempt a
  on a.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575 and a.step_id >> 20 = r.run_id
left join holdfast.step s on s.step_id = a.step_id
left join holdfast.step_body b on b.body_id = s.body_id
left join holdfast.worker w on w.worker_id = a.worker_id;

comment on view holdfast.attempt_log is
  'Every attempt of every step, and every end of a step without one; ask for a run_id or a step_id.';
comment on column holdfast.attempt_log.run_id is 'The run; ask for it with run_id = ….';
comment on column holdfast.attempt_log.step_id is 'The step: run_id << 20 | its ordinal in the run.';
comment on column holdfast.attempt_log.step is 'Name of the step.';
comment on column holdfast.attempt_log.uses is 'Kind of step; group for a forEach.';
comment on column holdfast.attempt_log.fence is 'Token of the attempt; grows from attempt to attempt.';
comment on column holdfast.attempt_log.state is
  'succeeded | failed | skipped | omitted | cancelled | quarantined: the step was over. retrying | parked | '
  'lost (its worker vanished) | returned (its worker shut down) | reopened (by retry): it went on.';
comment on column holdfast.attempt_log.is_final is 'Whether the step was over with this.';
comment on column holdfast.attempt_log.worker_id is 'Worker of the attempt; null if there was none.';
comment on column holdfast.attempt_log.worker is 'Name of that worker.';
comment on column holdfast.attempt_log.started_at is 'When the attempt began; null if none did.';
comment on column holdfast.attempt_log.finished_at is 'When it ended.';
comment on column holdfast.attempt_log.elapsed is 'How long it took.';
comment on column holdfast.attempt_log.message is 'How it failed, or what it waited for.';
comment on column holdfast.attempt_log.outputs is 'What it put out.';
