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

comment on view holdfast.schedule_status is
  'Policies with a schedule: the next slot, the last one, and the last success.';
comment on column holdfast.schedule_status.policy is 'Name of the policy.';
comment on column holdfast.schedule_status.enabled is 'Whether its schedule is on.';
comment on column holdfast.schedule_status.paused is 'Whether the policy is paused.';
comment on column holdfast.schedule_status.pause_reason is 'The reason that was given for the pause.';
comment on column holdfast.schedule_status.next_slot is 'The time that it fires next, if that is known.';
comment on column holdfast.schedule_status.last_fired_slot is 'The last slot that fired.';
comment on column holdfast.schedule_status.last_run_id is 'The run of that slot.';
comment on column holdfast.schedule_status.last_run_state is 'State of that run; null if it is no longer kept.';
comment on column holdfast.schedule_status.last_success_slot is 'The last slot whose run succeeded.';
comment on column holdfast.schedule_status.last_success_at is 'When that run was over.';
comment on column holdfast.schedule_status.last_success_age is
  'Age of the data that it saved: the time since that run began.';
comment on column holdfast.schedule_status.queued_slots is 'Slots that wait for an earlier run to end.';
comment on column holdfast.schedule_status.problem is 'Why the schedule can''t be followed, if so.';
comment on column holdfast.schedule_status.decided_through is 'Every slot up to here was decided.';
comment on column holdfast.schedule_status.look_at is 'When the scheduler looks at it next.';
comment on column holdfast.schedule_status.schedule is 'The schedule as it was given.';
comment on column holdfast.schedule_status.workflow is 'Workflow that a slot submits.';
comment on column holdfast.schedule_status.changed_at is 'When schedule or plan were last changed.';
