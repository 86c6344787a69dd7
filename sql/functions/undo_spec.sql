-- The undo of a step as a step: it is done where the step was, unless it says otherwise.
create or replace function holdfast.undo_spec(p_spec jsonb) returns jsonb
language sql immutable
return (p_spec -> 'undo') - 'unless'
  || case when p_spec ? 'on' and not (p_spec -> 'undo') ? 'on' then jsonb_build_object('on', p_spec -> 'on') else '{}' end;

comment on function holdfast.undo_spec(jsonb) is 'What undoes a step, with the labels of its worker.';
