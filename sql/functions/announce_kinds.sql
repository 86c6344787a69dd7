-- Makes step kinds known, so that runs which use them are accepted although no worker that does them has started yet.
create or replace function holdfast.announce_kinds(p_kinds text[]) returns void
language sql security definer set search_path = holdfast, pg_temp
as $$
  insert into step_kind (uses) select unnest(p_kinds) on conflict do nothing
$$;

comment on function holdfast.announce_kinds(text[]) is 'Makes step kinds known before a worker offers them.';
