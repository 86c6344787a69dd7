-- What is wrong with the body of a step, an inner step or an undo: one phrase, or null. Everything that body_ids and lane_ids
-- will make of it is checked here, since a body that they refuse later, in the middle of a run, would keep the run from going on.
create or replace function holdfast.spec_problem(p_spec jsonb) returns text
language sql immutable
return case
  when jsonb_typeof(p_spec -> 'limits') <> 'array' or jsonb_path_exists(p_spec, '$.limits[*] ? (@.type() != "string")')
    then '"limits" has to be a list of limit names'
  when jsonb_typeof(p_spec -> 'on') <> 'object' then '"on" has to be an object of worker labels'
  when jsonb_typeof(p_spec -> 'retry') <> 'object' then '"retry" has to be an object'
  when jsonb_typeof(p_spec -> 'retry' -> 'attempts') <> 'number'
    or not (p_spec -> 'retry' -> 'attempts' between '0' and '1000000') then '"retry.attempts" has to be a whole number, at least 1'
  when jsonb_typeof(p_spec -> 'priority') <> 'number' or not (p_spec -> 'priority' between '-32768' and '32767')
    then '"priority" has to be a whole number from -32768 to 32767'
  when jsonb_typeof(p_spec -> 'always') <> 'boolean' then '"always" has to be true or false'
  when jsonb_typeof(p_spec -> 'params') <> 'boolean' then '"params" has to be true or false'
  else (
    select format('"%s" has to be a number of seconds', d.name)
    from (values
      ('timeoutSeconds', p_spec -> 'timeoutSeconds'), ('deadlineSeconds', p_spec -> 'deadlineSeconds'),
      ('retry.initialSeconds', p_spec -> 'retry' -> 'initialSeconds'), ('retry.maxSeconds', p_spec -> 'retry' -> 'maxSeconds')
    ) d(name, value)
    -- As in duration_of: null is none, and numbers compare before all other types but null.
    where d.value <> 'null' and (jsonb_typeof(d.value) <> 'number' or not (d.value between '0' and '3200000000'))
    limit 1)
end;

comment on function holdfast.spec_problem(jsonb) is 'What is wrong with the body of a step or an undo, if anything.';
