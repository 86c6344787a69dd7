-- The ledger of outside objects: what steps meant to make, made and released.
create or replace view holdfast.resource_ledger as
select
  o.resource_id, o.kind, o.driver, o.name, o.state, o.run_id, r.workflow, nullif(r.policy, '') as policy,
  r.state as run_state,
  o.step_id, s.name as step,
  o.state <> 'released' and (r.run_id is null or r.finished_at is not null)
    and coalesce(o.detail -> 'keep', 'false') <> 'true' as left_behind,
  o.detail, o.intended_at, o.made_at, o.released_at,
  coalesce(o.released_at, now()) - o.intended_at as age
from holdfast.resource o
left join holdfast.run r on r.run_id = o.run_id
left join holdfast.step s on s.step_id = o.step_id;
