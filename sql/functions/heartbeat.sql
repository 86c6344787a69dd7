-- A worker is alive: moves the end of all its leases, and says which of the steps that it believes to hold it has to stop.
-- p_draining: true once the worker takes no more steps.
-- p_all: p_steps is everything that the worker holds; whatever else is leased to it goes back, as after a claim whose answer
-- was lost on the way.
--
-- Rows: a step to stop and why (stale: the lease is no longer the worker's, nothing may be reported for it; otherwise
-- stop and report it as cancelled). A row without a step says that the worker was taken for lost: stop everything.
create or replace function holdfast.heartbeat(
  p_worker int, p_steps bigint[] default '{}', p_fences bigint[] default '{}', p_draining boolean default false, p_all boolean default false
) returns table (step_id bigint, fence bigint, stale boolean, reason text)
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_worker worker;
begin
  update worker w set
    expires_at = now() + w.lease,
    seen_at = now(),
    state = case when p_draining then 'draining' else w.state end
  where w.worker_id = p_worker and w.state in ('active', 'draining')
  returning * into v_worker;
  if not found then
    return query select null::bigint, null::bigint, true, 'this worker was taken for lost';
    return;
  end if;
  -- Lanes made by a submit that did not see this worker yet.
  perform assign_lanes(v_worker);

  if p_all then
    perform settle(l.step_id, l.fence, p_worker, 'returned', '{"message": "the answer that gave it to its worker was lost"}')
    from lease l
    where l.worker_id = p_worker
      and not exists (select from unnest(p_steps, p_fences) h(step_id, fence) where h.step_id = l.step_id and h.fence = l.fence);
  end if;

  return query
  select h.step_id, h.fence, l.step_id is null, coalesce(l.stop_reason, 'its lease was lost')
  from unnest(p_steps, p_fences) h(step_id, fence)
  left join lease l on l.step_id = h.step_id and l.fence = h.fence and l.worker_id = p_worker
  where l.step_id is null or l.stop_reason is not null;
end
$$;

comment on function holdfast.heartbeat(int, bigint[], bigint[], boolean, boolean) is
  'Renews all leases of a worker; returns the steps that it has to stop.';
