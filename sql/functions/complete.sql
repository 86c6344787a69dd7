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
  v_put bigint[];
  v_lanes int[];
  v_low bigint;
  v_high bigint;
begin
  loop
    if cardinality(v_steps) > 0 then
      select c.put, c.ends, c.omitted, c.stopped, v_decide || c.decide
      into v_put, v_ends, v_omitted, v_stopped, v_decide
      from holdfast.count_off(v_steps, v_ok) c;

      if v_put is not null then
        select min(p), max(p) into v_low, v_high from unnest(v_put) p;
        with put as (
          insert into holdfast.ready (step_id, lane_id)
          select s.step_id, s.lane_id
          from holdfast.step s
          where s.step_id = any (v_put) and s.step_id between v_low and v_high
          returning lane_id
        )
        select array_agg(distinct p.lane_id) into v_lanes from put p;

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
