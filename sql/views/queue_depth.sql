-- How much there is to do, by queue, policy and kind. Reads only what is live: ready, lease and parked.
create or replace view holdfast.queue_depth as
with depth as (
  select d.lane_id, sum(d.ready) as ready, sum(d.running) as running, sum(d.parked) as parked, min(d.oldest) as oldest
  from (
    select q.lane_id, count(*) as ready, 0 as running, 0 as parked, min(q.since) as oldest
    from holdfast.ready q group by q.lane_id
    union all
    select h.lane_id, 0, count(*), 0, null from holdfast.lease h group by h.lane_id
    union all
    select p.lane_id, 0, 0, count(*), null from holdfast.parked p group by p.lane_id
  ) d
  group by d.lane_id
)
select
  l.queue, nullif(l.policy, '') as policy, l.uses,
  coalesce(sum(d.ready), 0)::bigint as ready,
  coalesce(sum(d.running), 0)::bigint as running,
  coalesce(sum(d.parked), 0)::bigint as parked,
  min(d.oldest) as oldest_ready_at,
  now() - min(d.oldest) as oldest_ready_age,
  bool_or(h.name is not null) as paused,
  max(h.reason) as pause_reason
from holdfast.lane l
left join depth d on d.lane_id = l.lane_id
left join holdfast.pause h
  on (h.scope = 'queue' and h.name = l.queue) or (h.scope = 'policy' and h.name = l.policy)
where l.uses <> 'group'
group by l.queue, l.policy, l.uses;

comment on view holdfast.queue_depth is
  'How much there is to do, by queue, policy and kind of step.';
comment on column holdfast.queue_depth.queue is 'The queue.';
comment on column holdfast.queue_depth.policy is 'The policy; null for runs without one.';
comment on column holdfast.queue_depth.uses is 'Kind of step.';
comment on column holdfast.queue_depth.ready is 'Steps that may be taken now.';
comment on column holdfast.queue_depth.running is 'Steps that workers do now.';
comment on column holdfast.queue_depth.parked is 'Steps that wait for a time, a signal or the next attempt.';
comment on column holdfast.queue_depth.oldest_ready_at is 'Since when the oldest ready step is ready.';
comment on column holdfast.queue_depth.oldest_ready_age is 'How long the oldest ready step has been ready.';
comment on column holdfast.queue_depth.paused is 'Whether the queue or the policy is paused.';
comment on column holdfast.queue_depth.pause_reason is 'The reason that was given for the pause.';
