-- What the janitor may release: objects of this kind and driver (null: any) that an ended run left behind, unless they
-- were handed over (detail.keep is true, as for a snapshot that a restore point owns).
-- p_node: only what can be released there, by detail.node, or anywhere; null gives all. p_after: only what comes after this one.
create or replace function holdfast.resources_to_release(
  p_kind text, p_driver text default null, p_limit int default 100, p_node text default null, p_after bigint default 0
) returns table (resource_id bigint, kind text, driver text, name text, run_id bigint, step_id bigint, state text, detail jsonb)
language sql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  select r.resource_id, r.kind, r.driver, r.name, r.run_id, r.step_id, r.state, r.detail
  from resource r left join run on run.run_id = r.run_id
  where r.state <> 'released' and r.kind = p_kind and (p_driver is null or r.driver = p_driver)
    and (run.run_id is null or run.finished_at is not null)
    and coalesce(r.detail -> 'keep', 'false') <> 'true'  -- no cast: one odd row must not stop the janitor
    and (p_node is null or coalesce(r.detail ->> 'node', p_node) = p_node)
    and r.resource_id > p_after
  order by r.resource_id
  limit p_limit
$$;

comment on function holdfast.resources_to_release(text, text, int, text, bigint) is
  'Open resources that no live run owns, for the janitor.';
