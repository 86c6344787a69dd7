-- A step has thawed a filesystem, or found it thawed: notes how long writers were stopped, and what ended that (worker, deadline,
-- guard, worker-died or other). The first that a run says of a path counts: a repeated thaw changes nothing.
create or replace function holdfast.note_freeze(
  p_step bigint, p_fence bigint, p_node text, p_path text, p_milliseconds bigint, p_ended_by text
) returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  perform held(p_step, p_fence);
  insert into filesystem_freeze (run_id, node, path, milliseconds, ended_by)
  values (p_step >> 20, p_node, p_path, p_milliseconds, p_ended_by)
  on conflict (run_id, node, path) do nothing;
end
$$;

comment on function holdfast.note_freeze(bigint, bigint, text, text, bigint, text) is
  'Notes how long a run has had a filesystem frozen.';
