-- What each volume of a restore point's JSON can be restored from: {volume: [snapshot, export]}. Null if it has no volumes.
create or replace function holdfast.point_parts(p_point jsonb) returns jsonb
language sql stable
as $$
  select jsonb_object_agg(v.e ->> 'name', jsonb_build_array(v.e -> 'snapshot', v.e -> 'export'))
  from jsonb_array_elements(p_point -> 'volumes') v(e)
$$;

comment on function holdfast.point_parts(jsonb) is 'The snapshots and exports of a restore point''s JSON.';
