-- What sets the objects of this installation apart from those of others on the same volumes: six characters, always the same.
create or replace function holdfast.installation() returns text
language sql stable security definer set search_path = holdfast, pg_temp
as $$
  select setting('installation')
$$;

comment on function holdfast.installation() is 'Part of the names of outside objects, the same for ever.';
