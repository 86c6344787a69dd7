-- Of a step's outputs those that are asked for, by a list of names. Outputs that are no object stay as they are.
create or replace function holdfast.only_fields(p_outputs jsonb, p_fields jsonb) returns jsonb
language sql immutable
return case
  when jsonb_typeof(p_outputs) <> 'object' then p_outputs
  else coalesce((
    select jsonb_object_agg(f.name, p_outputs -> f.name)
    from jsonb_array_elements_text(p_fields) f(name)
    where p_outputs ? f.name), '{}')
end;

comment on function holdfast.only_fields(jsonb, jsonb) is 'Of a step''s outputs those that are asked for.';
