-- The ledger of outside objects: what steps meant to make, made and released.
create or replace view holdfast.resource_ledger as
select
  o.resource_id, o.kind, o.driver, o.name, o.state, o.run_id, r.workflow, nullif(r.policy, '') as policy,
  r.state as run_state,
  o.step_id, s.name as step,
  o.state <> 'released' and (r.run_id is null or r.finished_at is not null)
    and coalesce(o.detail -> 'keep', 'false') <> 'true' as left_behind,
  case
    when o.state = 'released' then null
    when o.detail -> 'keep' = 'true' then 'restore point ' || coalesce(o.detail ->> 'point', '?')
    when r.finished_at is null then 'run ' || r.run_id
  end as owner,
  o.detail, o.intended_at, o.made_at, o.released_at,
  coalesce(o.released_at, now()) - o.intended_at as age
from holdfast.resource o
left join holdfast.run r on r.run_id = o.run_id
left join holdfast.step s on s.step_id = o.step_id;

comment on view holdfast.resource_ledger is
  'Outside objects that steps meant to make, made and released.';
comment on column holdfast.resource_ledger.resource_id is 'Number in the ledger.';
comment on column holdfast.resource_ledger.kind is 'Kind of object: snapshot, clone, pod, lock ….';
comment on column holdfast.resource_ledger.driver is 'Driver that makes and releases it.';
comment on column holdfast.resource_ledger.name is 'Its name in the outside world.';
comment on column holdfast.resource_ledger.state is 'intent (may exist) | exists | released.';
comment on column holdfast.resource_ledger.run_id is 'The run that made it.';
comment on column holdfast.resource_ledger.workflow is 'Name of the run''s workflow.';
comment on column holdfast.resource_ledger.policy is 'The policy that the run belongs to; null for a run without one.';
comment on column holdfast.resource_ledger.run_state is 'State of that run; null if it is no longer kept.';
comment on column holdfast.resource_ledger.step_id is 'The step that made it.';
comment on column holdfast.resource_ledger.step is 'Name of that step.';
comment on column holdfast.resource_ledger.left_behind is
  'Whether its run is over, nothing keeps it, and the janitor will release it.';
comment on column holdfast.resource_ledger.owner is
  'The restore point that keeps it, or the live run that made it; null if it is gone or left behind.';
comment on column holdfast.resource_ledger.detail is
  'What its release needs; keep: true means that it outlives its run.';
comment on column holdfast.resource_ledger.intended_at is 'When its making was announced.';
comment on column holdfast.resource_ledger.made_at is 'When it was there.';
comment on column holdfast.resource_ledger.released_at is 'When it was gone.';
comment on column holdfast.resource_ledger.age is 'From the intent to the release, or until now.';
