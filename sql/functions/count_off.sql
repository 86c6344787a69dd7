-- Counts finished steps off at the steps that need them, and says what became of these: put (they are ready now), omitted,
-- stopped (their run is being cancelled), decide (they have a condition, a list or a deadline), and ends (runs whose steps
-- are all over).
--
-- Steps are looked up by an array of ids within a range, so that PostgreSQL goes to the right partition once and not for
-- each step; and joined by hash, since the planner can't know how long the array is.
create or replace function holdfast.count_off(
  p_steps bigint[], p_ok boolean[],
  out put bigint[], out ends bigint[], out omitted bigint[], out stopped bigint[], out decide bigint[]
)
language plpgsql set enable_nestloop = off
as $$
declare
  v_low bigint;
  v_high bigint;
begin
  select min(s), max(s) into v_low, v_high from unnest(p_steps) s;
  with done as materialized (
    select d.step_id, d.ok from unnest(p_steps, p_ok) d(step_id, ok)
  ),
  node as materialized (
    select s.step_id, s.children
    from holdfast.step s
    where s.step_id = any (p_steps) and s.step_id between v_low and v_high
  ),
  edge as materialized (
    select
      (d.step_id & ~1048575::bigint) | (c.code >> 3) as child, c.code & 7 as flags,
      count(*)::int as n, bool_or(not d.ok) as bad
    from done d
    join node n on n.step_id = d.step_id
    cross join lateral unnest(n.children) c(code)
    group by 1, 2
  ),
  -- In the order of the ids, so that two completions never wait for each other in a circle.
  locked as materialized (
    select j.step_id, j.pending, j.failed
    from holdfast.join_counter j
    where j.step_id = any (array(select e.child from edge e where e.flags & 1 = 1))
    order by j.step_id
    for update
  ),
  counted as materialized (
    select l.step_id, e.flags, l.pending - e.n as pending, l.failed or e.bad as bad
    from locked l join edge e on e.child = l.step_id
  ),
  closed as (
    delete from holdfast.join_counter j
    where j.step_id = any (array(select c.step_id from counted c where c.pending <= 0))
  ),
  decremented as (
    update holdfast.join_counter j set pending = c.pending, failed = c.bad
    from counted c
    where j.step_id = any (array(select o.step_id from counted o where o.pending > 0)) and c.step_id = j.step_id
  ),
  free as materialized (
    select e.child as step_id, e.flags, e.bad from edge e where e.flags & 1 = 0
    union all
    select c.step_id, c.flags, c.bad from counted c where c.pending <= 0
  ),
  judged as materialized (
    select
      f.step_id, f.flags,
      case
        when f.step_id & 1048575 = 0 then 'end'
        when f.bad and f.flags & 2 = 0 then 'omit'
        when f.flags & 2 = 0
          and exists (select from holdfast.stopping_run r where r.run_id = f.step_id >> 20) then 'stop'
        when f.flags & 4 = 4 then 'decide'
        else 'put'
      end as verdict
    from free f
  )
  select
    array_agg(f.step_id) filter (where f.verdict = 'put'),
    array_agg(f.step_id >> 20) filter (where f.verdict = 'end'),
    array_agg(f.step_id) filter (where f.verdict = 'omit'),
    array_agg(f.step_id) filter (where f.verdict = 'stop'),
    array_agg(f.step_id) filter (where f.verdict = 'decide')
  into put, ends, omitted, stopped, decide
  from judged f;
end
$$;

comment on function holdfast.count_off(bigint[], boolean[]) is
  'Decrements the counters that finished steps held, and judges what is free by that; internal, within complete.';
