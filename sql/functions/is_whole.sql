-- Whether a value of a plan is absent or a whole number between these.
create or replace function holdfast.is_whole(p_value jsonb, p_low int, p_high int) returns boolean
language sql immutable
as $$
  select case jsonb_typeof(p_value)
    when 'number' then p_value::numeric between p_low and p_high and p_value::numeric = trunc(p_value::numeric)
    else p_value is null
  end
$$;

comment on function holdfast.is_whole(jsonb, int, int) is 'Whether a value is absent or a whole number in a range.';
