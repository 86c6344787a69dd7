-- Makes the undo steps of a run that failed or is being cancelled: one for each started step with an undo, in a chain that
-- begins with the step that was started last and goes on whatever becomes of each. Returns false if there is none.
create or replace function holdfast.start_undo(p_run holdfast.run) returns boolean
language plpgsql
as $$
declare
  v_base bigint := p_run.run_id << 20;
  v_unless text[];
  v_done jsonb;
  v_count int;
  v_first int;
  v_names text[];
  v_specs jsonb[];
  v_refs jsonb[];
  v_items jsonb[];
  v_bodies bigint[];
  v_lanes int[];
begin
  if p_run.failure is null and p_run.stop_state is null then
    return false;
  end if;

  -- The steps that do in the course of things what an undo would do ("unless"), with the fence of their last success: one from
  -- before a retry doesn't count. They are looked for beside the step in its group, and outside of groups.
  select array_agg(distinct b.spec -> 'undo' ->> 'unless') filter (where b.spec -> 'undo' ? 'unless')
  into v_unless
  from holdfast.undo u
  join holdfast.step s on s.step_id = u.step_id
  join holdfast.step_body b on b.body_id = s.body_id
  where u.step_id between v_base and v_base + 1048575;
  if v_unless is not null then
    select jsonb_object_agg(d.name, d.fence)
    into v_done
    from (
      select s.name, max(a.fence) as fence
      from holdfast.step s join holdfast.attempt a on a.step_id = s.step_id and a.state = 'succeeded'
      where s.step_id between v_base and v_base + 1048575 and a.step_id between v_base and v_base + 1048575
        and regexp_replace(s.name, '^.*\.', '') = any (v_unless)
      group by s.name
    ) d;
  end if;

  select
    array_agg(s.name order by u.fence desc),
    array_agg(
      holdfast.undo_spec(b.spec)
        || jsonb_build_object('always', true, 'refs', coalesce(b.spec -> 'refs', '[]') || to_jsonb(own.name))
        || case when b.spec ? 'fields' then jsonb_build_object('fields', b.spec -> 'fields') else '{}' end
        || case when coalesce((b.spec -> 'params')::boolean, false) then '{"params": true}'::jsonb else '{}' end
        || case when coalesce((b.spec -> 'run')::boolean, false) then '{"run": true}'::jsonb else '{}' end
      order by u.fence desc),
    array_agg(coalesce(s.refs, '{}') || jsonb_build_object(own.name, s.step_id & 1048575) order by u.fence desc),
    array_agg(s.item order by u.fence desc)
  into v_names, v_specs, v_refs, v_items
  from holdfast.undo u
  join holdfast.step s on s.step_id = u.step_id
  join holdfast.step_body b on b.body_id = s.body_id
  cross join lateral (select regexp_replace(s.name, '^.*\.', '') as name, substring(s.name from '^.*\.') as beside) own
  where u.step_id between v_base and v_base + 1048575
    and coalesce((v_done ->> (b.spec -> 'undo' ->> 'unless'))::bigint, 0) < u.fence
    and coalesce((v_done ->> (own.beside || (b.spec -> 'undo' ->> 'unless')))::bigint, 0) < u.fence;
  v_count := coalesce(cardinality(v_names), 0);
  delete from holdfast.undo u where u.step_id between v_base and v_base + 1048575;
  if v_count = 0 then
    return false;
  end if;

  v_bodies := holdfast.body_ids(v_specs);
  v_lanes := holdfast.lane_ids(
    array(select holdfast.with_item(u.spec, u.item) from unnest(v_specs, v_items) with ordinality u(spec, item, i) order by u.i),
    p_run.queue, p_run.policy, p_run.priority);
  v_first := p_run.next_ordinal;
  if v_first + v_count > 1048575 then
    perform holdfast.refuse('the run has no room left for its undo steps');
  end if;

  insert into holdfast.step (step_id, body_id, lane_id, needs, name, children, refs, item)
  select
    v_base | (v_first + p.i::int - 1), v_bodies[p.i::int], v_lanes[p.i::int], case when p.i = 1 then 0 else 1 end, 'undo:' || p.name,
    -- Each leads to the next, whatever became of it (2); the last one to the end of the run.
    -- A deadline begins when its turn comes (4).
    array[case when p.i = v_count then 2
      else (v_first + p.i::int) << 3 | 2 | case when v_specs[p.i::int + 1] ? 'deadlineSeconds' then 4 else 0 end end],
    p.refs, p.item
  from unnest(v_names, v_refs, v_items) with ordinality p(name, refs, item, i);
  insert into holdfast.ready (step_id, lane_id, deadline_at)
  select v_base | v_first, v_lanes[1], now() + b.deadline from holdfast.step_body b where b.body_id = v_bodies[1];
  update holdfast.run r set state = 'undoing', next_ordinal = v_first + v_count where r.run_id = p_run.run_id;
  perform holdfast.wake(v_lanes);
  return true;
end
$$;

comment on function holdfast.start_undo(holdfast.run) is 'Turns the pending undos of a run into steps, last started first.';
