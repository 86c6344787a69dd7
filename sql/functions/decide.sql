-- Decides steps whose needs are met and that have a condition, a list to expand or a deadline: makes them ready, or
-- returns them as over (ok: skipped or expanded; not ok: their expression failed).
create or replace function holdfast.decide(p_steps bigint[]) returns table (step_id bigint, ok boolean)
language plpgsql
as $$
declare
  v record;
  v_context jsonb;
  v_lanes int[] := '{}';
begin
  for v in
    select s.step_id, s.lane_id, s.name, b.spec, b.is_group, b.deadline
    from unnest(p_steps) with ordinality d(id, i)
    join holdfast.step s on s.step_id = d.id
    join holdfast.step_body b on b.body_id = s.body_id
    order by d.i
  loop
    begin
      if v.spec ? 'when' or v.is_group then
        v_context := holdfast.step_context(v.step_id);
        if v_context ? 'problem' then
          perform holdfast.refuse(v_context ->> 'problem');
        end if;
      end if;
      if v.spec ? 'when'
        and not coalesce(jsonb_path_match(v_context, (v.spec ->> 'when')::jsonpath), false)
      then
        insert into holdfast.attempt (step_id, fence, state, message)
        values (v.step_id, nextval('holdfast.fence_sequence'), 'skipped', holdfast.skip_reason(v.spec ->> 'when', v_context));
        step_id := v.step_id;
        ok := true;
        return next;
      elsif v.is_group then
        perform holdfast.expand(v.step_id, v_context);
        step_id := v.step_id;
        ok := true;
        return next;
      else
        insert into holdfast.ready (step_id, lane_id, deadline_at) values (v.step_id, v.lane_id, now() + v.deadline);
        v_lanes := v_lanes || v.lane_id;
      end if;
    exception when data_exception or raise_exception or undefined_object or program_limit_exceeded
      or sqlstate 'HF001' or sqlstate 'HF002'
    then
      insert into holdfast.attempt (step_id, fence, state, message)
      values (v.step_id, nextval('holdfast.fence_sequence'), 'failed', left('its condition or list can''t be evaluated: ' || sqlerrm, 2000));
      perform holdfast.fail_run(v.step_id, v.name, 'its condition or list can''t be evaluated: ' || sqlerrm);
      step_id := v.step_id;
      ok := false;
      return next;
    end;
  end loop;
  if cardinality(v_lanes) > 0 then
    perform holdfast.wake(v_lanes);
  end if;
end
$$;

comment on function holdfast.decide(bigint[]) is 'Evaluates when, forEach and deadline of steps whose needs are met.';
