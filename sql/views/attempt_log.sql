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
