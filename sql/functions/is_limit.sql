-- Whether somebody has defined this limit: a step that names one which nobody has is refused.
create or replace function holdfast.is_limit(p_name text) returns boolean
language sql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  select exists (select from named_limit n where n.name = p_name)
$$;

comment on function holdfast.is_limit(text) is 'Whether a named limit is defined.';
