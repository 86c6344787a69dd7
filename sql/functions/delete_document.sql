-- Takes a document out of force, and the schedule of a policy with it. Its versions stay for the record, and runs go on.
-- Returns false if there was none.
create or replace function holdfast.delete_document(p_kind text, p_name text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  delete from document d where d.kind = p_kind and d.name = p_name;
  if not found then
    return false;
  end if;
  if p_kind = 'policy' then
    perform drop_policy(p_name);
  end if;
  perform add_event('document-deleted', format('%s %s was deleted', p_kind, p_name), p_subject => p_name);
  return true;
end
$$;

comment on function holdfast.delete_document(text, text) is 'Takes a document out of force; its versions stay.';
