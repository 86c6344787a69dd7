-- The steps inside of a group that no other step in it needs, by path; the group is over when all instances of these are.
create or replace function holdfast.group_leaves(p_steps jsonb) returns text[]
language plpgsql immutable
as $$
declare
  v_step jsonb;
  v_need text;
  v_own jsonb := '{}';  -- the leaves of each step of this list, by its name
  v_paths text[];
  v_all text[] := '{}';
  v_needed text[] := '{}';
begin
  for v_step in select * from jsonb_array_elements(p_steps) loop
    v_paths := case
      when v_step ? 'forEach'
        then array(select (v_step ->> 'name') || '.' || l from unnest(holdfast.group_leaves(v_step -> 'steps')) l)
      else array[v_step ->> 'name']
    end;
    v_own := v_own || jsonb_build_object(v_step ->> 'name', to_jsonb(v_paths));
    v_all := v_all || v_paths;
  end loop;
  for v_need in
    select n from jsonb_array_elements(p_steps) s(e), jsonb_array_elements_text(coalesce(s.e -> 'needs', '[]')) n
  loop
    v_needed := v_needed || holdfast.need_paths(p_steps, v_need);
  end loop;
  return array(select unnest(v_all) except select unnest(v_needed));
end
$$;

comment on function holdfast.group_leaves(jsonb) is 'Paths of the steps inside of a group that nothing in it needs.';
