-- A length of time for people, in one unit: 45 s, 12 min, 26 h, 9 days.
create or replace function holdfast.span_text(p_span interval) returns text
language sql immutable
as $$
  select case
    when s < 120 then format('%s s', floor(s))
    when s < 7200 then format('%s min', floor(s / 60))
    when s < 172800 then format('%s h', floor(s / 3600))
    else format('%s days', floor(s / 86400))
  end
  from (select greatest(0, extract(epoch from p_span)) as s) t
$$;

comment on function holdfast.span_text(interval) is 'A length of time for people.';
