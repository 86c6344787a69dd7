-- What the documents of a kind say that are in force, by name.
create or replace function holdfast.documents_of(p_kind text) returns table (name text, content jsonb)
language sql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  select d.name, v.content
  from document d
  join document_version v on v.kind = d.kind and v.name = d.name and v.version = d.version
  where d.kind = p_kind
  order by d.name
$$;

comment on function holdfast.documents_of(text) is 'All documents of a kind that are in force.';
