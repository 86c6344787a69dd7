-- The policies with a schedule: when each fires next, what became of its last slot, and since when nothing succeeded.
create or replace view holdfast.schedule_status as
select
  p.policy, p.enabled,
  h.name is not null as paused,
  h.reason as pause_reason,
  p.next_slot,
  f.slot as last_fired_slot,
  f.run_id as last_run_id,
  f.state as last_run_state,
  s.slot as last_success_slot,
  s.finished_at as last_success_at,
  now() - s.submitted_at as last_success_age,
  q.slots as queued_slots,
  p.problem,
  p.decided_through,
  p.look_at,
  p.schedule,
  p.plan ->> 'workflow' as workflow,
  p.changed_at
from holdfast.policy p
left join holdfast.pause h on h.scope = 'policy' and h.name = p.policy
left join lateral (
  select t.slot, t.run_id, r.state
  from holdfast.policy_slot t left join holdfast.run r on r.run_id = t.run_id
  where t.policy = p.policy and t.state = 'fired' order by t.slot desc limit 1
) f on true
left join lateral (
  select t.slot, r.finished_at, r.submitted_at
  from holdfast.policy_slot t join holdfast.run r on r.run_id = t.run_id
  where t.policy = p.policy and t.state = 'fired' and r.state = 'succeeded' order by t.slot desc limit 1
) s on true
left join lateral (
  select coalesce(array_agg(t.slot order by t.slot), '{}') as slots
  from holdfast.policy_slot t where t.policy = p.policy and t.state = 'queued'
) q on true;
