-- What the artifacts of a point stand for is gone, as far as that is anybody's business. A point without volumes is retired
-- by this alone; others when their last snapshot or export is gone. Safe to repeat. Returns whether the point is retired.
create or replace function holdfast.point_retired(p_point text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_point bigint;
begin
  select p.point_id into v_point from restore_point p where p.name = p_point for update;
  return coalesce(end_retire(v_point), false);
end
$$;

comment on function holdfast.point_retired(text) is 'Retires a restore point of which nothing is left.';
