-- What a step's expressions see: {"params": …, "steps": {name: outputs}, "item": …, "run": …}, of what its refs, params and run
-- ask for; "run" is {"id", "workflow", "policy", "submittedAt", "slot", "outcome": succeeded | failed | cancelled as it stands now,
-- "failure"}.
create or replace function holdfast.step_context(p_step bigint) returns jsonb
language plpgsql stable set enable_nestloop = on
as $$
declare
  v_base bigint := p_step & ~1048575::bigint;
  v_step holdfast.step;
  v_params boolean;
  v_wants_run boolean;
  v_outputs jsonb;
begin
  select s.* into v_step from holdfast.step s where s.step_id = p_step;
  select
    coalesce((b.spec -> 'params')::boolean, b.spec ? 'when' or b.is_group),
    coalesce((b.spec -> 'run')::boolean, false)
  into v_params, v_wants_run
  from holdfast.step_body b where b.body_id = v_step.body_id;

  select jsonb_object_agg(
    r.name,
    case when jsonb_typeof(r.place) = 'number' then
      (select a.outputs from holdfast.attempt a
       where a.step_id = v_base | r.place::int and a.state = 'succeeded' order by a.fence desc limit 1)
    else
      -- A group''s step: the outputs of all its instances in this place, in the order of the items.
      (select jsonb_agg(a.outputs order by s.step_id)
       from holdfast.step s
       left join lateral (
         select a.outputs from holdfast.attempt a
         where a.step_id = s.step_id and a.state = 'succeeded' order by a.fence desc limit 1) a on true
       where s.step_id > v_base and s.step_id <= v_base + 1048575
         and starts_with(s.name, coalesce(r.place #>> '{}', ''))
         and regexp_replace(substr(s.name, length(coalesce(r.place #>> '{}', '')) + 1), '\[\d+\]', '', 'g') = r.name)
    end)
  into v_outputs
  from jsonb_each(v_step.refs) r(name, place);

  return jsonb_build_object(
    'params', case when v_params then (select r.params from holdfast.run r where r.run_id = p_step >> 20) end,
    'steps', coalesce(v_outputs, '{}'),
    'item', v_step.item)
    || case when v_wants_run then (
      select jsonb_build_object('run', jsonb_build_object(
        'id', r.run_id, 'workflow', r.workflow, 'policy', r.policy, 'submittedAt', r.submitted_at,
        'slot', coalesce(r.slot, r.submitted_at),
        'outcome', case
          when r.stop_state = 'cancelled' then 'cancelled'
          when r.failure is not null or r.stop_state is not null then 'failed'
          else 'succeeded'
        end,
        'failure', coalesce(r.failure, r.stop_reason, '')))
      from holdfast.run r where r.run_id = p_step >> 20) else '{}' end;
end
$$;

comment on function holdfast.step_context(bigint) is 'Parameters, outputs, item and facts of the run that a step asked for.';
