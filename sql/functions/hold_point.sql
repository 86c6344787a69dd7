-- A step is about to use a restore point (by name, or the last good one of an application): nothing of it is retired while
-- the step's run lives. Safe to repeat. Returns the point, see point_json.sql.
create or replace function holdfast.hold_point(p_step bigint, p_fence bigint, p_point text) returns jsonb
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_point restore_point;
begin
  perform held(p_step, p_fence);
  select p.* into v_point from restore_point p where p.point_id = find_point(p_point) for update;
  if not found then
    perform refuse(format('there is no restore point %s, and no application of that name with one', p_point),
      'holdfast points lists them', 'HF002');
  elsif v_point.state <> 'complete' then
    perform refuse(format('restore point %s is %s', v_point.name,
        case v_point.state when 'retiring' then 'being retired' else v_point.state end),
      'holdfast points lists those that can be used', 'HF003');
  end if;
  insert into point_hold (point_id, run_id) values (v_point.point_id, p_step >> 20) on conflict do nothing;
  return point_json(v_point);
end
$$;

comment on function holdfast.hold_point(bigint, bigint, text) is 'Keeps a restore point from being retired while the run lives.';
