-- Whether a value of a plan is absent or a number of seconds, as duration_of takes it.
create or replace function holdfast.is_duration(p_value jsonb) returns boolean
language sql immutable
as $$
  select case jsonb_typeof(p_value)
    when 'number' then p_value::numeric between 0 and 3.2e9
    else p_value is null or p_value = 'null'
  end
$$;

comment on function holdfast.is_duration(jsonb) is 'Whether a value is absent or a number of seconds.';
