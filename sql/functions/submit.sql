-- Starts a run: checks the plan, writes run, steps and edges, and makes ready what needs nothing, all in one transaction.
--
-- plan: {"workflow": "name", "version": 3, "policy": "name", "queue": "default", "priority": 0, "params": {…}, "timeoutSeconds": 3600,
--        "steps": [{"name", "uses", "with", "needs": ["a", "group.step"], "when", "forEach", "as", "steps", "always",
--                   "undo": {"uses", "with", "unless"}, "retry": {"attempts", "initialSeconds", "maxSeconds"},
--                   "timeoutSeconds", "deadlineSeconds", "limits": ["name"], "on": {"node": "n1"}, "priority",
--                   "refs": ["step", "group.step"], "fields": {"step": ["output"]}, "params": true, "run": true,
--                   "template": {…}}]}
--   needs     earlier steps of the same list; GROUP or GROUP.STEP means every instance
--   when      an SQL/JSON path predicate over {"params", "steps": {name: outputs}, "item"}; if false the step is skipped
--   forEach   an SQL/JSON path over the same; its steps are made once for each value, which they see as item.AS
--   always    runs whatever became of its needs, also when the run is being cancelled or its queue or policy is paused
--   urgent    is taken also while its queue or policy is paused: what stands between a beginning and its end, such as the snapshots of an
--             application at rest
--   undo      performed, last first, if the step was started and the run fails or is cancelled; not if the step that
--             "unless" names has succeeded
--   on, limits  in a group, a label or limit may be {"item": "AS.PATH"}: a text of the step's item; null and empty ones are left out
--   refs      the steps whose outputs the step is given (and when and forEach see); fields: of these steps, only these outputs;
--             params: give it the run's parameters; run: give it facts of the run (step_context.sql)
--   template  "with" holds Go templates that the worker evaluates; this says how (Sources/StepKinds/Templates)
-- key: submits with the same key give the same run.
-- Returns the run's id. Refused plans raise SQLSTATE HF001 (or HF002 for a limit that is not defined).
create or replace function holdfast.submit(
  p_plan jsonb, p_key text default null, p_parent_step bigint default null, p_slot timestamptz default null
) returns bigint
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_run bigint;
  v_queue text := coalesce(p_plan ->> 'queue', 'default');
  v_policy text := coalesce(p_plan ->> 'policy', '');
  v_priority smallint;
  v_time_limit interval := duration_of(p_plan -> 'timeoutSeconds', 'timeoutSeconds');
  v_steps jsonb := p_plan -> 'steps';
  v_count int;
  v_specs jsonb[];
  v_bodies bigint[];
  v_lanes int[];
  v_end int;
  v_end_needs int;
  v_decide bigint[];
  v_woken int[];
begin
  if jsonb_typeof(p_plan) is distinct from 'object' then
    perform refuse('a plan has to be a JSON object');
  end if;
  if coalesce(p_plan ->> 'workflow', '') = '' then
    perform refuse('a plan needs "workflow", the name of what is run');
  end if;
  if not is_whole(p_plan -> 'version', 1, 2147483647) then
    perform refuse('"version" has to be a whole number from 1');
  end if;
  if not is_whole(p_plan -> 'priority', -32768, 32767) then
    perform refuse('"priority" has to be a whole number from -32768 to 32767');
  end if;
  v_priority := coalesce((p_plan -> 'priority')::smallint, 0);
  perform check_steps(v_steps, '{}', '');
  v_count := jsonb_array_length(v_steps);
  if v_count > 1000000 then
    perform refuse(format('a run can have 1,000,000 steps, not %s', v_count));
  end if;

  if p_key is not null then
    -- Whoever comes second waits here for the first, and then finds its run.
    v_run := new_run_id();
    insert into submit_key (key, run_id) values (p_key, v_run) on conflict do nothing;
    if not found then
      select k.run_id into v_run from submit_key k where k.key = p_key;
      return v_run;
    end if;
  else
    v_run := new_run_id();
  end if;

  select array_agg(s.e - 'name' - 'needs' order by s.i) into v_specs
  from jsonb_array_elements(v_steps) with ordinality s(e, i);
  v_bodies := body_ids(v_specs);
  v_lanes := lane_ids(
    array(
      -- What the run begins with waits for the end of a pause, even if it is marked always.
      select case when coalesce(jsonb_array_length(s.e -> 'needs'), 0) = 0 then s.e - 'always' else s.e end
      from jsonb_array_elements(v_steps) with ordinality s(e, i) order by s.i),
    v_queue, v_policy, v_priority);

  insert into run (
    run_id, workflow, workflow_version, policy, queue, priority, params, key, slot, parent_step, next_ordinal, time_limit,
    deadline_at)
  values (
    v_run, p_plan ->> 'workflow', (p_plan -> 'version')::int, v_policy, v_queue, v_priority, p_plan -> 'params', p_key, p_slot, p_parent_step,
    v_count + 1, v_time_limit, now() + v_time_limit);

  with edges as materialized (select * from plan_edges(v_steps)),
  -- What nothing needs, the run's end needs.
  loose as materialized (
    select e.ordinal, null::text[] as paths from edges e where e.children is null and not e.spec ? 'forEach'
    union all
    select e.ordinal, l.paths
    from edges e
    cross join lateral (
      select array_agg(p) as paths
      from unnest(group_leaves(e.spec -> 'steps')) p
      where e.exits is null or not e.exits ? p
    ) l
    where e.spec ? 'forEach' and l.paths is not null
  ),
  ending as materialized (
    -- Ordinal 0, reached in any case (2), counted (1) unless it has exactly one plain need.
    select count(*)::int as needs, 2 | case when count(*) > 1 or bool_or(l.paths is not null) then 1 else 0 end as code
    from loose l
  ),
  placed as (
    insert into step (step_id, body_id, lane_id, needs, name, children, refs, exits)
    select
      (v_run << 20) | e.ordinal, v_bodies[e.ordinal], v_lanes[e.ordinal], e.needs, e.name,
      case when l.ordinal is null then e.children else e.children || n.code end,
      case when e.spec ? 'refs' then (
        select jsonb_object_agg(r.ref, o.ordinal)
        from jsonb_array_elements_text(e.spec -> 'refs') r(ref) left join edges o on o.name = r.ref and not o.spec ? 'forEach')
      end,
      case when l.paths is null then e.exits
        else coalesce(e.exits, '{}') || (select jsonb_object_agg(p, jsonb_build_array(n.code)) from unnest(l.paths) p)
      end
    from edges e left join loose l using (ordinal) cross join ending n
  ),
  counted as (
    insert into join_counter (step_id, pending)
    select (v_run << 20) | e.ordinal, e.needs from edges e where e.flags & 1 = 1
    union all
    select v_run << 20, n.needs from ending n where n.code & 1 = 1
  ),
  put as (
    insert into ready (step_id, lane_id)
    select (v_run << 20) | e.ordinal, v_lanes[e.ordinal]
    from edges e where e.needs = 0 and e.flags & 4 = 0
    order by e.ordinal
    returning lane_id
  )
  select
    (select array_agg(distinct p.lane_id) from put p),
    (select array_agg((v_run << 20) | e.ordinal) from edges e where e.needs = 0 and e.flags & 4 = 4)
  into v_woken, v_decide;

  if v_decide is not null then
    perform complete('{}', '{}', v_decide);
  end if;
  perform wake(v_woken);
  return v_run;
end
$$;

comment on function holdfast.submit(jsonb, text, bigint, timestamptz) is
  'Starts a run of a plan and returns its id; see sql/functions/submit.sql for the plan''s form.';
