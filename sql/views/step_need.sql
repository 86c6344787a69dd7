-- The edges of a run's DAG, from each step to what it needs. Ask for one run (run_id = …), or one step of it by both numbers.
create or replace view holdfast.step_need as
select r.run_id, c.step_id, n.step_id as need_id, n.name as need
from holdfast.run r
join holdfast.step n
  on n.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575 and n.step_id >> 20 = r.run_id
cross join lateral (
  select distinct (r.run_id << 20) | (e.code >> 3) as step_id from unnest(n.children) e(code) where e.code >> 3 > 0
) c;

comment on view holdfast.step_need is
  'What each step of a run needs; steps outside of a group need each instance, once it is expanded. Ask for a run_id.';
comment on column holdfast.step_need.run_id is 'The run; ask for it with run_id = ….';
comment on column holdfast.step_need.step_id is 'The step that needs another.';
comment on column holdfast.step_need.need_id is 'The step that it needs.';
comment on column holdfast.step_need.need is 'Name of that step.';
