-- What a step's expressions see: {"params": …, "steps": {name: outputs}, "item": …, "run": …}, of what its refs, fields, params
-- and run ask for; "run" is {"id", "workflow", "policy", "submittedAt", "slot", "outcome": succeeded | failed | cancelled as it stands now,
-- "failure"}. A step that a retry has reopened has no outputs until it succeeds again: what it put out before may be gone.
create or replace function holdfast.step_context(p_step bigint) returns jsonb
language plpgsql stable set enable_nestloop = on
as $$
declare
  v_base bigint := p_step & ~1048575::bigint;
  v_step holdfast.step;
  v_params boolean;
  v_wants_run boolean;
  v_fields jsonb;
  v_outputs jsonb;
begin
  select s.* into v_step from holdfast.step s where s.step_id = p_step;
  select
    coalesce((b.spec -> 'params')::boolean, b.spec ? 'when' or b.is_group),
    coalesce((b.spec -> 'run')::boolean, false),
    b.spec -> 'fields'
  into v_params, v_wants_run, v_fields
  from holdfast.step_body b where b.body_id = v_step.body_id;

  select jsonb_object_agg(
    r.name,
    case when jsonb_typeof(r.place) = 'number' then
      -- Not more of it than is asked for: a list of a thousand volumes is much to give to each of a thousand steps.
      (select case
          when not coalesce(v_fields ? r.name, false) or jsonb_typeof(a.outputs) <> 'object' then a.outputs
          else coalesce(
            (select jsonb_object_agg(f.name, a.outputs -> f.name)
             from jsonb_array_elements_text(v_fields -> r.name) f(name) where a.outputs ? f.name), '{}')
        end
       from holdfast.attempt a
       where a.step_id = v_base | r.place::int and a.state in ('succeeded', 'reopened') order by a.fence desc limit 1)
    else
      -- A group''s step: the outputs of all its instances in this place, in the order of the items.
      (select jsonb_agg(a.outputs order by s.step_id)
       from holdfast.step s
       left join lateral (
         select a.outputs from holdfast.attempt a
         where a.step_id = s.step_id and a.state in ('succeeded', 'reopened') order by a.fence desc limit 1) a on true
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
