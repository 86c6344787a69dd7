-- Puts a document into force. If it says something else than its newest version, or there is none, it becomes a new version;
-- otherwise only its text is kept, since comments may have changed. Returns the version and what was done: created |
-- configured | unchanged.
create or replace function holdfast.put_document(
  p_kind text, p_name text, p_labels jsonb, p_source text, p_content jsonb, p_by text default ''
) returns table (version int, outcome text)
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_known document;
  v_newest int;
begin
  if coalesce(p_name, '') = '' or coalesce(p_source, '') = '' or jsonb_typeof(p_content) is distinct from 'object' then
    perform refuse('a document needs a name, its text and its content');
  end if;
  -- One at a time for each name, also while there is no row yet.
  perform pg_advisory_xact_lock(hashtextextended('document/' || p_kind || '/' || p_name, 0));
  select d.* into v_known from document d where d.kind = p_kind and d.name = p_name;

  if v_known.version is not null and p_content = (
    select v.content from document_version v
    where v.kind = p_kind and v.name = p_name and v.version = v_known.version)
  then
    update document_version v set source = p_source
    where v.kind = p_kind and v.name = p_name and v.version = v_known.version and v.source <> p_source;
    return query select v_known.version, 'unchanged';
    return;
  end if;

  select coalesce(max(v.version), 0) + 1 into v_newest
  from document_version v where v.kind = p_kind and v.name = p_name;
  insert into document_version (kind, name, version, source, content, applied_by)
  values (p_kind, p_name, v_newest, p_source, p_content, coalesce(p_by, ''));
  insert into document (kind, name, version, labels) values (p_kind, p_name, v_newest, coalesce(p_labels, '{}'))
  on conflict (kind, name) do update set version = excluded.version, labels = excluded.labels;
  perform add_event('document-applied', format('%s %s is now version %s', p_kind, p_name, v_newest), p_subject => p_name);
  return query select v_newest, case when v_known.version is null then 'created' else 'configured' end;
end
$$;

comment on function holdfast.put_document(text, text, jsonb, text, jsonb, text) is
  'Puts a document into force; a change makes a new version.';
