-- What a document says that is in force, with its apiVersion, kind and metadata; null if there is none of this name. So a worker,
-- which can read no table, looks up the application or the profile that its step names.
create or replace function holdfast.document_content(p_kind text, p_name text) returns jsonb
language sql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  select v.content
  from document d
  join document_version v on v.kind = d.kind and v.name = d.name and v.version = d.version
  where d.kind = p_kind and d.name = p_name
$$;

comment on function holdfast.document_content(text, text) is 'A document that is in force, by kind and name.';
