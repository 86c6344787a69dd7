-- Steps are over: counts them off at the steps that need them, makes ready what is free now, and goes on with whatever
-- is over by that at once: omitted, skipped and expanded steps, and runs.
--
-- p_ok: for each step whether those that need it may run. p_decide: steps that are free but need a decision first.
create or replace function holdfast.complete(p_steps bigint[], p_ok boolean[], p_decide bigint[] default null)
returns void
language plpgsql
as $$
declare
  v_steps bigint[] := p_steps;
  v_ok boolean[] := p_ok;
  v_decide bigint[] := p_decide;
  v_ends bigint[];
  v_omitted bigint[];
  v_stopped bigint[];
  v_lanes int[];
begin
  loop
    if cardinality(v_steps) > 0 then
      with done as materialized (
        select d.step_id, d.ok from unnest(v_steps, v_ok) d(step_id, ok)
      ),
      edge as materialized (
        select
          (d.step_id & ~1048575::bigint) | (c.code >> 3) as child, c.code & 7 as flags,
          count(*)::int as n, bool_or(not d.ok) as bad
        from done d
        cross join lateral (select i.children from holdfast.step i where i.step_id = d.step_id limit 1) s
        cross join lateral unnest(s.children) c(code)
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
      ),
      put as (
        insert into holdfast.ready (step_id, lane_id)
        select f.step_id, s.lane_id
        from judged f
        cross join lateral (select i.lane_id from holdfast.step i where i.step_id = f.step_id limit 1) s
        where f.verdict = 'put'
        returning lane_id
      )
      select
        (select array_agg(distinct p.lane_id) from put p),
        array_agg(f.step_id >> 20) filter (where f.verdict = 'end'),
        array_agg(f.step_id) filter (where f.verdict = 'omit'),
        array_agg(f.step_id) filter (where f.verdict = 'stop'),
        v_decide || array_agg(f.step_id) filter (where f.verdict = 'decide')
      into v_lanes, v_ends, v_omitted, v_stopped, v_decide
      from judged f;

      if v_lanes is not null then
        perform holdfast.wake(v_lanes);
      end if;
      if v_ends is not null then
        perform holdfast.end_runs(v_ends);
      end if;
    end if;

    v_steps := '{}';
    v_ok := '{}';
    if v_omitted is not null or v_stopped is not null then
      insert into holdfast.attempt (step_id, fence, state, message)
      select o, nextval('holdfast.fence_sequence'), 'omitted'::holdfast.attempt_state, 'a step that it needs did not succeed'
      from unnest(v_omitted) o
      union all
      select o, nextval('holdfast.fence_sequence'), 'cancelled', 'its run was being cancelled' from unnest(v_stopped) o;
      v_steps := coalesce(v_omitted, '{}') || coalesce(v_stopped, '{}');
      v_ok := array_fill(false, array[cardinality(v_steps)]);
      v_omitted := null;
      v_stopped := null;
    end if;
    if cardinality(v_decide) > 0 then
      -- Skipped and expanded steps are over, well; those that can't be decided are over, badly.
      select v_steps || coalesce(array_agg(d.step_id), '{}'), v_ok || coalesce(array_agg(d.ok), '{}')
      into v_steps, v_ok
      from holdfast.decide(v_decide) d;
      v_decide := null;
    end if;
    exit when cardinality(v_steps) = 0;
  end loop;
end
$$;

comment on function holdfast.complete(bigint[], boolean[], bigint[]) is
  'Releases what finished steps held back; internal, within the transaction that finishes them.';
