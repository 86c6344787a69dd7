-- The body of a step with what its labels and limits take from the item of its group: {"item": "volume.node"} becomes what the
-- bindings have there, as text. A label or limit is left out if that is null or empty, so that "any node" can be said.
create or replace function holdfast.with_item(p_spec jsonb, p_item jsonb) returns jsonb
language plpgsql
as $$
declare
  v_spec jsonb := p_spec;
  v_wrong text;
begin
  if not (jsonb_path_exists(p_spec, '$.on.*.item') or jsonb_path_exists(p_spec, '$.limits[*].item')) then
    return p_spec;
  end if;
  select format('"on" and "limits" take texts from the item, and .%s is %s', r.ref ->> 'item', jsonb_typeof(t.value))
  into v_wrong
  from (
    select jsonb_path_query(p_spec, '$.on.* ? (@.type() == "object")')
    union all select jsonb_path_query(p_spec, '$.limits[*] ? (@.type() == "object")')
  ) r(ref)
  cross join lateral (select p_item #> string_to_array(r.ref ->> 'item', '.') as value) t
  where jsonb_typeof(t.value) in ('object', 'array')
  limit 1;
  if found then
    perform holdfast.refuse(v_wrong);
  end if;

  if p_spec ? 'on' then
    v_spec := jsonb_set(v_spec, '{on}', coalesce((
      select jsonb_object_agg(l.key, coalesce(p_item #>> string_to_array(l.value ->> 'item', '.'), l.value #>> '{}'))
      from jsonb_each(p_spec -> 'on') l
      where jsonb_typeof(l.value) <> 'object' or p_item #>> string_to_array(l.value ->> 'item', '.') <> ''), '{}'));
  end if;
  if p_spec ? 'limits' then
    v_spec := jsonb_set(v_spec, '{limits}', coalesce((
      select jsonb_agg(coalesce(p_item #>> string_to_array(l.value ->> 'item', '.'), l.value #>> '{}'))
      from jsonb_array_elements(p_spec -> 'limits') l(value)
      where jsonb_typeof(l.value) <> 'object' or p_item #>> string_to_array(l.value ->> 'item', '.') <> ''), '[]'));
  end if;
  return v_spec;
end
$$;

comment on function holdfast.with_item(jsonb, jsonb) is 'A step''s body with the labels and limits that it takes from its item.';
