-- What happened, newest by "order by at desc".
create or replace view holdfast.event_log as
select
  e.at, e.kind, e.message, e.subject, e.run_id, r.workflow, nullif(r.policy, '') as policy, e.step_id, s.name as step,
  e.worker_id, w.name as worker
from holdfast.event e
left join holdfast.run r on r.run_id = e.run_id
left join holdfast.step s on s.step_id = e.step_id
left join holdfast.worker w on w.worker_id = e.worker_id;

comment on view holdfast.event_log is
  'What happened, for people; newest by order by at desc.';
comment on column holdfast.event_log.at is 'When.';
comment on column holdfast.event_log.kind is
  'What, as a fixed word: run-failed, step-failed, worker-lost, paused, slot-missed ….';
comment on column holdfast.event_log.message is 'What, as a sentence.';
comment on column holdfast.event_log.subject is 'What it is about: a policy, queue, limit or worker by name.';
comment on column holdfast.event_log.run_id is 'The run, if it is about one.';
comment on column holdfast.event_log.workflow is 'Name of the run''s workflow.';
comment on column holdfast.event_log.policy is 'The policy that the run belongs to; null for a run without one.';
comment on column holdfast.event_log.step_id is 'The step, if it is about one.';
comment on column holdfast.event_log.step is 'Name of that step.';
comment on column holdfast.event_log.worker_id is 'The worker, if it is about one.';
comment on column holdfast.event_log.worker is 'Name of that worker.';
