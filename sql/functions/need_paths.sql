-- The plain steps that a need means: itself, or, for a group, all the group's leaves. As paths below the list of steps.
create or replace function holdfast.need_paths(p_steps jsonb, p_need text) returns text[]
language plpgsql immutable
as $$
declare
  v_head text := split_part(p_need, '.', 1);
  v_rest text := substr(p_need, length(split_part(p_need, '.', 1)) + 2);
  v_step jsonb;
begin
  select s.e into v_step from jsonb_array_elements(p_steps) s(e) where s.e ->> 'name' = v_head;
  if not v_step ? 'forEach' then
    return array[v_head];
  elsif v_rest = '' then
    return array(select v_head || '.' || l from unnest(holdfast.group_leaves(v_step -> 'steps')) l);
  else
    return array(select v_head || '.' || l from unnest(holdfast.need_paths(v_step -> 'steps', v_rest)) l);
  end if;
end
$$;

comment on function holdfast.need_paths(jsonb, text) is 'The plain steps, by path, that have to end before a need is met.';
