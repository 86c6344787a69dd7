-- A duration of a plan: a number of seconds; null stays null.
create or replace function holdfast.duration_of(p_value jsonb, p_what text) returns interval
language plpgsql immutable
as $$
begin
  if p_value is null or p_value = 'null' then
    return null;
  end if;
  if not holdfast.is_duration(p_value) then
    perform holdfast.refuse(format('%s has to be a number of seconds, not %s', p_what, left(p_value::text, 40)));
  end if;
  return make_interval(secs => p_value::float8);
end
$$;

comment on function holdfast.duration_of(jsonb, text) is 'A plan''s number of seconds as an interval.';
