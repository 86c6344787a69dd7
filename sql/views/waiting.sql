-- Every step of a live run that neither runs nor is over: what it waits for, who holds that, and until when. Costs as
-- much as there are live steps; with run_id = … as much as that run has.
create or replace view holdfast.waiting as
with lane_state as (
  -- Why a ready step of a lane is not taken; once for each lane.
  select
    l.lane_id, l.uses, l.queue, l.policy, l.labels, h.scope, h.name as pause_name, h.reason as pause_reason,
    m.name as limit_name, m.capacity, m.holders, w.workers, w.slots, w.busy
  from holdfast.lane l
  left join lateral (
    select p.scope, p.name, p.reason
    from holdfast.pause p
    where not l.always and ((p.scope = 'queue' and p.name = l.queue) or (p.scope = 'policy' and p.name = l.policy))
    order by p.scope desc limit 1
  ) h on true
  left join lateral (
    -- The first of its limits that is used up.
    select n.name, n.capacity, u.holders
    from holdfast.named_limit n
    cross join lateral (
      select
        count(*) as used,
        string_agg(distinct format('run %s on worker %s', e.step_id >> 20, coalesce(k.name, '?')), ', ') as holders
      from holdfast.lane o
      join holdfast.lease e on e.lane_id = o.lane_id and e.limited
      left join holdfast.worker k on k.worker_id = e.worker_id
      where n.name = any (o.limits)
    ) u
    where n.name = any (l.limits) and u.used >= n.capacity
    order by n.name limit 1
  ) m on cardinality(l.limits) > 0
  left join lateral (
    select count(*) as workers, coalesce(sum(k.slots), 0) as slots, coalesce(sum(b.busy), 0) as busy
    from holdfast.worker_lane wl
    join holdfast.worker k on k.worker_id = wl.worker_id and k.state = 'active'
    left join (select e.worker_id, count(*) as busy from holdfast.lease e group by e.worker_id) b
      on b.worker_id = wl.worker_id
    where wl.lane_id = l.lane_id
  ) w on true
  where exists (select from holdfast.ready q where q.lane_id = l.lane_id)
)
select
  r.run_id, q.step_id, s.name, r.workflow, nullif(r.policy, '') as policy, r.queue, t.uses,
  case
    when t.scope is not null then 'paused'
    when t.workers = 0 then 'no-worker'
    when t.limit_name is not null then 'limit'
    else 'queued'
  end as waits_for,
  q.since,
  null::timestamptz as until,
  case
    when t.scope is not null
      then format('%s %s is paused%s', t.scope, t.pause_name, coalesce(': ' || nullif(t.pause_reason, ''), ''))
    when t.workers = 0
      then format('no active worker offers %s%s%s', t.uses,
        case when t.labels <> '{}'
          then ' with ' || (select string_agg(k.key || '=' || k.value, ', ' order by k.key) from jsonb_each_text(t.labels) k)
          else '' end,
        case when t.queue <> 'default' then ' in queue ' || t.queue else '' end)
    when t.limit_name is not null
      then format('limit %s is used up: %s of %s', t.limit_name, t.capacity, t.capacity)
    else format('in the queue: %s of the %s slots of %s that can take it are busy', t.busy, t.slots,
      case t.workers when 1 then 'the worker' else 'the ' || t.workers || ' workers' end)
  end as reason,
  case
    when t.scope is not null then format('pause of %s %s', t.scope, t.pause_name)
    when t.workers > 0 then t.holders
  end as holder
from holdfast.run r
join holdfast.ready q
  on q.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575 and q.step_id >> 20 = r.run_id
join holdfast.step s on s.step_id = q.step_id
join lane_state t on t.lane_id = q.lane_id
where r.finished_at is null

union all

select
  r.run_id, p.step_id, s.name, r.workflow, nullif(r.policy, ''), r.queue, l.uses,
  case when p.cause = 'retry' then 'backoff' when p.signal is not null then 'signal' else 'time' end,
  p.since,
  least(p.wake_at, p.deadline_at),
  p.reason,
  case
    when p.signal ~ '^run/[0-9]+$' then 'run ' || substr(p.signal, 5)
    when p.signal is not null then 'signal ' || p.signal
  end
from holdfast.run r
join holdfast.parked p
  on p.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575 and p.step_id >> 20 = r.run_id
join holdfast.step s on s.step_id = p.step_id
join holdfast.lane l on l.lane_id = p.lane_id
where r.finished_at is null

union all

select
  r.run_id, b.step_id, b.name, r.workflow, nullif(r.policy, ''), r.queue, b.uses,
  'need',
  r.submitted_at,
  null,
  case b.needs when 1 then 'needs ' else format('needs %s steps: ', b.needs) end || b.holder,
  b.holder
from holdfast.run r
cross join lateral (
  with busy as materialized (
    select h.step_id from holdfast.lease h where h.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
    union all
    select q.step_id from holdfast.ready q where q.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
    union all
    select p.step_id from holdfast.parked p where p.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
  ), last_word as materialized (
    select distinct on (a.step_id) a.step_id, a.state
    from holdfast.attempt a
    where a.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
    order by a.step_id, a.fence desc
  ), node as materialized (
    select
      s.step_id, s.name, s.body_id, s.children, y.step_id is not null as is_busy,
      y.step_id is null
        and coalesce(w.state in ('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined'), false)
        as is_over
    from holdfast.step s
    left join last_word w on w.step_id = s.step_id
    left join busy y on y.step_id = s.step_id
    where s.step_id between (r.run_id << 20) + 1 and (r.run_id << 20) + 1048575
  ), edge as materialized (
    -- The needs that are not over, the first five by name.
    select
      e.step_id, count(*) as needs,
      string_agg(e.name, ', ' order by e.i) filter (where e.i <= 5)
        || case when count(*) > 5 then format(' and %s more', count(*) - 5) else '' end as holder
    from (
      select c.step_id, n.name, row_number() over (partition by c.step_id order by n.step_id) as i
      from node n
      cross join lateral (
        select distinct (r.run_id << 20) | (c.code >> 3) as step_id
        from unnest(n.children) c(code) where c.code >> 3 > 0
      ) c
      where not n.is_over
    ) e
    group by e.step_id
  )
  select n.step_id, n.name, y.uses, e.needs, e.holder
  from node n
  join edge e on e.step_id = n.step_id
  left join holdfast.step_body y on y.body_id = n.body_id
  where not n.is_over and not n.is_busy
) b
where r.finished_at is null;

comment on view holdfast.waiting is
  'Every step that neither runs nor is over: what it waits for, who holds that, and until when.';
comment on column holdfast.waiting.run_id is 'The run; ask for it with run_id = ….';
comment on column holdfast.waiting.step_id is 'The step: run_id << 20 | its ordinal in the run.';
comment on column holdfast.waiting.name is 'Name of the step.';
comment on column holdfast.waiting.workflow is 'Name of the run''s workflow.';
comment on column holdfast.waiting.policy is 'The policy that the run belongs to; null for a run without one.';
comment on column holdfast.waiting.queue is 'The queue that its steps are taken from.';
comment on column holdfast.waiting.uses is 'Kind of step; group for a forEach.';
comment on column holdfast.waiting.waits_for is
  'need (earlier steps) | backoff (the next attempt) | signal | time | limit (a named limit is used up) | '
  'paused (its queue or policy) | no-worker (none offers its kind, labels and queue) | queued (a free slot).';
comment on column holdfast.waiting.since is 'Since when it waits.';
comment on column holdfast.waiting.until is 'When the wait ends at the latest; null if that is not known.';
comment on column holdfast.waiting.reason is 'The wait as a sentence for people.';
comment on column holdfast.waiting.holder is
  'Who or what it waits for: the needs by name, the runs and workers in a limit, the pause, the signal or run.';
