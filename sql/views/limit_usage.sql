-- Named limits, who holds them and how many wait for them. Used is counted from the leases, as the claim does.
create or replace view holdfast.limit_usage as
select
  n.name as "limit", n.capacity,
  coalesce(u.used, 0)::int as used,
  greatest(0, n.capacity - coalesce(u.used, 0))::int as free,
  q.waiting,
  coalesce(u.holders, '[]') as holders,
  n.changed_at
from holdfast.named_limit n
left join lateral (
  select
    count(*) as used,
    jsonb_agg(
      jsonb_build_object(
        'step_id', h.step_id, 'run_id', h.step_id >> 20, 'step', s.name, 'worker', w.name, 'since', h.started_at)
      order by h.started_at) as holders
  from holdfast.lane l
  join holdfast.lease h on h.lane_id = l.lane_id and h.limited
  left join holdfast.step s on s.step_id = h.step_id
  left join holdfast.worker w on w.worker_id = h.worker_id
  where n.name = any (l.limits)
) u on true
left join lateral (
  select count(*) as waiting
  from holdfast.lane l join holdfast.ready r on r.lane_id = l.lane_id
  where n.name = any (l.limits)
) q on true;

comment on view holdfast.limit_usage is
  'Named limits: capacity, use, who holds them and how many steps wait.';
comment on column holdfast.limit_usage."limit" is 'Name of the limit.';
comment on column holdfast.limit_usage.capacity is 'How many steps may run at once under it.';
comment on column holdfast.limit_usage.used is 'How many run now; more than the capacity after it was lowered.';
comment on column holdfast.limit_usage.free is 'How many more may start.';
comment on column holdfast.limit_usage.waiting is 'Ready steps under this limit.';
comment on column holdfast.limit_usage.holders is
  'The running steps, oldest first: step_id, run_id, step, worker, since.';
comment on column holdfast.limit_usage.changed_at is 'When the capacity was last set.';
