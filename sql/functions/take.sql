-- Gives ready steps to a worker: from ready to lease, with a fence each, and with what the worker has to know of them.
-- The caller has locked their rows in ready.
--
-- Steps are looked up by an array of ids within a range, so that PostgreSQL goes to the right partition once and not for
-- each step; and joined by hash, since the planner can't know how long the array is.
create or replace function holdfast.take(p_worker int, p_steps bigint[], p_limited boolean)
returns table (
  step_id bigint, fence bigint, lane_id int, seq bigint, body_id bigint, uses text, name text, attempt int, wakes int,
  time_limit_ms bigint, item jsonb, context jsonb, payload jsonb
)
language plpgsql set enable_nestloop = off
as $$
#variable_conflict use_column
declare
  v_low bigint;
  v_high bigint;
begin
  select min(p), max(p) into v_low, v_high from unnest(p_steps) p;
  return query
  with taken as (
    delete from holdfast.ready r where r.step_id = any (p_steps)
    returning r.*
  ),
  node as materialized (
    select s.step_id, s.body_id, s.name, s.item
    from holdfast.step s
    where s.step_id = any (p_steps) and s.step_id between v_low and v_high
  ),
  known as materialized (
    select t.*, nextval('holdfast.fence_sequence') as fence, n.body_id, n.name, n.item, b.uses, b.has_undo, b.wants_inputs,
      least(now() + b.time_limit, t.deadline_at) as time_limit_at
    from taken t
    join node n on n.step_id = t.step_id
    cross join lateral (
      select i.uses, i.has_undo, i.wants_inputs, i.time_limit
      from holdfast.step_body i where i.body_id = n.body_id limit 1) b
  ),
  leased as (
    insert into holdfast.lease (
      step_id, fence, worker_id, lane_id, limited, failures, crashes, wakes, time_limit_at, deadline_at, payload)
    select
      k.step_id, k.fence, p_worker, k.lane_id, p_limited, k.failures, k.crashes, k.wakes, k.time_limit_at, k.deadline_at,
      k.payload
    from known k
  ),
  undoable as (
    insert into holdfast.undo (step_id, fence)
    select k.step_id, k.fence from known k where k.has_undo
    on conflict do nothing
  )
  select
    k.step_id, k.fence, k.lane_id, k.seq, k.body_id, k.uses, k.name, k.failures + k.crashes + 1, k.wakes,
    (extract(epoch from k.time_limit_at - now()) * 1000)::bigint, k.item,
    case when k.wants_inputs then holdfast.step_context(k.step_id) end, k.payload
  from known k;
end
$$;

comment on function holdfast.take(int, bigint[], boolean) is
  'Moves ready steps under the lease of a worker; internal, within claim.';
