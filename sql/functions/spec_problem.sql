-- What is wrong with the body of a step, an inner step or an undo: one phrase, or null. Everything that body_ids and lane_ids
-- will make of it is checked here, since a body that they refuse later, in the middle of a run, would keep the run from going on.
-- p_prefix: what stands before the names of its keys, such as "undo.". p_items: the names of the items that the step can see.
create or replace function holdfast.spec_problem(p_spec jsonb, p_prefix text default '', p_items text[] default '{}')
returns text
language sql immutable
return case
  when jsonb_typeof(p_spec -> 'limits') <> 'array' or jsonb_path_exists(p_spec, '$.limits[*] ? (@.type() != "string" && @.type() != "object")')
    then format('"%slimits" has to be a list of limit names', p_prefix)
  when jsonb_typeof(p_spec -> 'on') <> 'object' or jsonb_path_exists(p_spec, '$.on.* ? (@.type() != "string" && @.type() != "object")')
    then format('"%son" has to be an object of worker labels, each a string', p_prefix)
  -- {"item": "volume.node"}: of the item of a group around the step.
  when (p_spec ? 'on' or p_spec ? 'limits') and exists (
      select from (
        select jsonb_path_query(p_spec, '$.on.* ? (@.type() == "object")')
        union all select jsonb_path_query(p_spec, '$.limits[*] ? (@.type() == "object")')
      ) r(ref)
      where jsonb_typeof(r.ref -> 'item') is distinct from 'string' or split_part(r.ref ->> 'item', '.', 1) <> all (p_items))
    then format('"%son" and "%slimits" may take {"item": "NAME.PATH"} of the groups around the step: %s', p_prefix, p_prefix,
      coalesce(nullif(array_to_string(p_items, ', '), ''), 'it is in none'))
  when jsonb_typeof(p_spec -> 'retry') <> 'object' or not holdfast.is_whole(p_spec -> 'retry' -> 'attempts', 1, 1000)
    then format('"%sretry" has to be an object, and its "attempts" a whole number from 1 to 1000', p_prefix)
  when not holdfast.is_whole(p_spec -> 'priority', -32768, 32767)
    then format('"%spriority" has to be a whole number from -32768 to 32767', p_prefix)
  when jsonb_typeof(p_spec -> 'always') <> 'boolean' then format('"%salways" has to be true or false', p_prefix)
  when jsonb_typeof(p_spec -> 'urgent') <> 'boolean' then format('"%surgent" has to be true or false', p_prefix)
  when jsonb_typeof(p_spec -> 'params') <> 'boolean' then format('"%sparams" has to be true or false', p_prefix)
  when jsonb_typeof(p_spec -> 'run') <> 'boolean' then format('"%srun" has to be true or false', p_prefix)
  when jsonb_typeof(p_spec -> 'template') <> 'object' then format('"%stemplate" has to be an object', p_prefix)
  when jsonb_typeof(p_spec -> 'when') <> 'string' then format('"%swhen" has to be a string, an SQL/JSON path', p_prefix)
  when jsonb_typeof(p_spec -> 'forEach') <> 'string' then format('"%sforEach" has to be a string, an SQL/JSON path', p_prefix)
  else (
    select format('"%s%s" has to be a number of seconds, not %s', p_prefix, d.name, left(d.value::text, 40))
    from (values
      ('timeoutSeconds', p_spec -> 'timeoutSeconds'), ('deadlineSeconds', p_spec -> 'deadlineSeconds'),
      ('retry.initialSeconds', p_spec -> 'retry' -> 'initialSeconds'), ('retry.maxSeconds', p_spec -> 'retry' -> 'maxSeconds')
    ) d(name, value)
    where not holdfast.is_duration(d.value)
    limit 1)
end;

comment on function holdfast.spec_problem(jsonb, text, text[]) is 'What is wrong with the body of a step or an undo, if anything.';
