-- How far steps are that the caller holds, the latest of each; that of stale fences is dropped. Returns how many were kept.
-- p_progress: objects as in migrations/041-step-progress.sql, of at most 2,000 bytes; larger ones are dropped.
create or replace function holdfast.put_progress(p_steps bigint[], p_fences bigint[], p_progress jsonb[]) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_kept int;
begin
  insert into step_progress (step_id, fence, progress)
  select n.step_id, n.fence, n.progress
  from unnest(p_steps, p_fences, p_progress) n(step_id, fence, progress)
  where exists (select from lease l where l.step_id = n.step_id and l.fence = n.fence)
    and jsonb_typeof(n.progress) = 'object' and octet_length(n.progress::text) <= 2000
  order by n.step_id  -- so that two callers don't wait for each other
  on conflict (step_id) do update set fence = excluded.fence, progress = excluded.progress, at = now();
  get diagnostics v_kept = row_count;
  return v_kept;
end
$$;

comment on function holdfast.put_progress(bigint[], bigint[], jsonb[]) is 'Says how far running steps are.';
