-- What a step's expressions see: {"params": …, "steps": {name: outputs}, "item": …, "run": …}, of what its refs, fields, params
-- and run ask for; "run" is {"id", "workflow", "policy", "submittedAt", "slot", "outcome": succeeded | failed | cancelled as it stands now,
-- "failure"}. A step that a retry has reopened has no outputs until it succeeds again: what it put out before may be gone.
--
-- Or {"problem": a sentence} if it asks for too much; the step has to fail with that. An error would be one of the whole claim, and of
-- every other claim as long as the step is ready.
create or replace function holdfast.step_context(p_step bigint) returns jsonb
language plpgsql stable set enable_nestloop = on
as $$
declare
  -- Bytes of outputs, as text. jsonb can hold 256 MB, and needs up to four times as many bytes as its text.
  v_limit constant bigint := 64000000;
  v_base bigint := p_step & ~1048575::bigint;
  v_step holdfast.step;
  v_params boolean;
  v_wants_run boolean;
  v_fields jsonb;
  v_ref record;
  v_size bigint := 0;
  v_more bigint;
  v_value jsonb;
  v_names text[] := '{}';
  v_values jsonb[] := '{}';
begin
  select s.* into v_step from holdfast.step s where s.step_id = p_step;
  select
    coalesce((b.spec -> 'params')::boolean, b.spec ? 'when' or b.is_group),
    coalesce((b.spec -> 'run')::boolean, false),
    b.spec -> 'fields'
  into v_params, v_wants_run, v_fields
  from holdfast.step_body b where b.body_id = v_step.body_id;

  -- Not more of each than is asked for: a list of a thousand volumes is much to give to each of a thousand steps.
  for v_ref in
    select r.name, r.place, v_fields -> r.name as fields from jsonb_each(v_step.refs) r(name, place)
  loop
    if jsonb_typeof(v_ref.place) = 'number' then
      select case when v_ref.fields is null then a.outputs else holdfast.only_fields(a.outputs, v_ref.fields) end
      into v_value
      from holdfast.attempt a
      where a.step_id = v_base | v_ref.place::int and a.state in ('succeeded', 'reopened')
      order by a.fence desc
      limit 1;
      v_more := coalesce(octet_length(v_value::text), 0);
    else
      -- A group's step: the outputs of all its instances in this place, in the order of the items. They are measured before they
      -- are put together; not by pg_column_size, since they may be compressed.
      with part as materialized (
        select s.step_id, o.outputs
        from holdfast.step s
        left join lateral (
          select case when v_ref.fields is null then a.outputs else holdfast.only_fields(a.outputs, v_ref.fields) end as outputs
          from holdfast.attempt a
          where a.step_id = s.step_id and a.state in ('succeeded', 'reopened')
          order by a.fence desc
          limit 1
        ) o on true
        where s.step_id > v_base and s.step_id <= v_base + 1048575
          and starts_with(s.name, coalesce(v_ref.place #>> '{}', ''))
          and regexp_replace(substr(s.name, length(coalesce(v_ref.place #>> '{}', '')) + 1), '\[\d+\]', '', 'g') = v_ref.name
      )
      select
        z.size,
        case when v_size + z.size <= v_limit then (select jsonb_agg(p.outputs order by p.step_id) from part p) end
      into v_more, v_value
      from (select coalesce(sum(octet_length(p.outputs::text)), 0) as size from part p) z;
    end if;
    v_size := v_size + v_more;
    if v_size > v_limit then
      return jsonb_build_object('problem', format(
        'the outputs of other steps that it asks for are more than %s bytes; ask for fewer, or store large data elsewhere and put out where',
        v_limit));
    end if;
    v_names := array_append(v_names, v_ref.name);
    v_values := array_append(v_values, v_value);
  end loop;

  return jsonb_build_object(
    'params', case when v_params then (select r.params from holdfast.run r where r.run_id = p_step >> 20) end,
    'steps', coalesce((select jsonb_object_agg(o.name, o.value) from unnest(v_names, v_values) o(name, value)), '{}'),
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
