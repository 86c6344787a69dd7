-- All paths by which steps outside of a group may name what is in it: STEP, GROUP, GROUP.STEP …
create or replace function holdfast.group_paths(p_steps jsonb) returns text[]
language sql immutable
as $$
  with recursive inner_step(path, e) as (
    select s.e ->> 'name', s.e from jsonb_array_elements(p_steps) s(e)
    union all
    select i.path || '.' || (s.e ->> 'name'), s.e
    from inner_step i cross join lateral jsonb_array_elements(i.e -> 'steps') s(e)
    where i.e ? 'forEach'
  )
  select coalesce(array_agg(path), '{}') from inner_step
$$;

comment on function holdfast.group_paths(jsonb) is 'Paths of all steps inside of a group, however deep.';
