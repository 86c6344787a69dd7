-- What the steps of a group take from their item for their lanes and those of their undos: paths such as volume.node. Null if they
-- take nothing, as most do.
create or replace function holdfast.item_paths(p_steps jsonb) returns text[]
language sql immutable
as $$
  select array_agg(distinct p.path #>> '{}')
  from (
    select jsonb_path_query(p_steps, '$[*].on.*.item')
    union all select jsonb_path_query(p_steps, '$[*].limits[*].item')
    union all select jsonb_path_query(p_steps, '$[*].undo.on.*.item')
    union all select jsonb_path_query(p_steps, '$[*].undo.limits[*].item')
  ) p(path)
$$;

comment on function holdfast.item_paths(jsonb) is 'Paths into the items of a group that its steps'' labels and limits are taken from.';
