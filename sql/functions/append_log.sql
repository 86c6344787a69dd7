-- Appends lines to the logs of steps that the caller holds; those of stale fences are dropped. Returns how many were kept.
create or replace function holdfast.append_log(p_steps bigint[], p_fences bigint[], p_lines int[], p_texts text[]) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_kept int;
begin
  insert into step_log (step_id, fence, line, text)
  select n.step_id, n.fence, n.line, left(n.text, 8192)
  from unnest(p_steps, p_fences, p_lines, p_texts) n(step_id, fence, line, text)
  where exists (select from lease l where l.step_id = n.step_id and l.fence = n.fence)
  on conflict do nothing;
  get diagnostics v_kept = row_count;
  return v_kept;
end
$$;

comment on function holdfast.append_log(bigint[], bigint[], int[], text[]) is 'Appends lines to steps'' logs.';
