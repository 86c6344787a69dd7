-- What happened, newest by "order by at desc".
create or replace view holdfast.event_log as
select
  e.at, e.kind, e.message, e.subject, e.run_id, r.workflow, nullif(r.policy, '') as policy, e.step_id, s.name as step,
  e.worker_id, w.name as worker
from holdfast.event e
left join holdfast.run r on r.run_id = e.run_id
left join holdfast.step s on s.step_id = e.step_id
left join holdfast.worker w on w.worker_id = e.worker_id;
