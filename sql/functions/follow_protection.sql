-- Brings holdfast.protection to what the documents say now: a row for each policy and each application that it selects, by
-- name, by a name with * and ?, or by labels; for a policy without a selector one of its parameter "application", or of ''.
-- Called with every change of documents, and once a minute in case someone changed them in another way.
create or replace function holdfast.follow_protection() returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  with said as materialized (
    select d.name as policy, v.content -> 'spec' as spec, v.content -> 'spec' -> 'selector' as selector
    from document d join document_version v on v.kind = d.kind and v.name = d.name and v.version = d.version
    where d.kind = 'policy' and jsonb_typeof(v.content -> 'spec') = 'object'
  ), selected as materialized (
    select s.policy, a.name as application, s.spec
    from said s join document a on a.kind = 'application'
    where jsonb_typeof(s.selector) = 'object' and (
      exists (
        select from jsonb_path_query(s.selector, 'lax $.applications[*] ? (@.type() == "string")') n
        where n #>> '{}' = a.name
          or n #>> '{}' ~ '[*?]' and a.name ~ ('^' || replace(replace(
            regexp_replace(n #>> '{}', '([^[:alnum:]*?])', '\\\1', 'g'), '*', '.*'), '?', '.') || '$'))
      or jsonb_typeof(s.selector -> 'labels') = 'object' and s.selector -> 'labels' <> '{}' and not exists (
        select from jsonb_each_text(s.selector -> 'labels') l where a.labels ->> l.key is distinct from l.value))
    union all
    select s.policy, coalesce(s.spec #>> '{params,application}', ''), s.spec
    from said s
    where jsonb_typeof(s.selector) is distinct from 'object'
  ), wanted as materialized (
    select s.policy, s.application,
      -- A policy that is switched off promises nothing. One that is paused still does.
      case when s.spec -> 'enabled' is distinct from 'false' and seconds_of(s.spec -> 'rpo') between 0 and 1e9
        then make_interval(secs => seconds_of(s.spec -> 'rpo')) end as rpo,
      case when jsonb_typeof(s.spec -> 'notify') in ('array', 'object')
        then jsonb_path_query_array(s.spec, 'lax $.notify[*] ? (@.type() == "object")') else '[]' end as channels
    from selected s
  ), gone as (
    delete from protection p
    where not exists (select from wanted w where w.policy = p.policy and w.application = p.application)
  )
  insert into protection (policy, application, rpo, channels)
  select w.policy, w.application, w.rpo, w.channels from wanted w
  order by w.policy, w.application
  on conflict (policy, application) do update set rpo = excluded.rpo, channels = excluded.channels
  where (protection.rpo, protection.channels) is distinct from (excluded.rpo, excluded.channels);
end
$$;

comment on function holdfast.follow_protection() is 'Brings the list of protected applications to what the documents say.';
