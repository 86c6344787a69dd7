-- The points of an application and a policy that are not retired, newest first, as a list (see point_json.sql). Null for either
-- means any; both null means all. Each case is a statement of its own, so that each is read by its index.
create or replace function holdfast.points_of(p_application text default null, p_policy text default null) returns jsonb
language plpgsql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if p_application is not null then
    return (
      select coalesce(jsonb_agg(point_json(p) order by p.created_at desc, p.point_id desc), '[]')
      from restore_point p
      where p.application = p_application and (p_policy is null or p.policy = p_policy) and p.state <> 'retired');
  elsif p_policy is not null then
    return (
      select coalesce(jsonb_agg(point_json(p) order by p.created_at desc, p.point_id desc), '[]')
      from restore_point p
      where p.policy = p_policy and p.state <> 'retired');
  end if;
  return (
    select coalesce(jsonb_agg(point_json(p) order by p.created_at desc, p.point_id desc), '[]')
    from restore_point p
    where p.state <> 'retired');
end
$$;

comment on function holdfast.points_of(text, text) is 'The points of an application and a policy, newest first.';
