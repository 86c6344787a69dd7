-- The seconds of a length of time as documents have it: 90, "90s", "1h30m", "7d"; null for anything else.
create or replace function holdfast.seconds_of(p_value jsonb) returns float8
language sql immutable
as $$
  select case
    when jsonb_typeof(p_value) = 'number' then p_value::float8
    when jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^([0-9]{1,12}(\.[0-9]{1,9})?(ms|s|m|h|d|w))+$' then (
      select sum(m[1]::float8 * case m[2] when 'ms' then 0.001 when 's' then 1 when 'm' then 60 when 'h' then 3600
        when 'd' then 86400 else 604800 end)
      from regexp_matches(p_value #>> '{}', '([0-9.]+)([a-z]+)', 'g') m)
  end
$$;

comment on function holdfast.seconds_of(jsonb) is 'The seconds of a length of time in a document; null if it is none.';
