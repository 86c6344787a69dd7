-- A worker ends in good order: what it still holds goes back at once, with no attempt counted.
create or replace function holdfast.leave(p_worker int) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_lease record;
  v_name text;
  v_returned int := 0;
begin
  for v_lease in select l.step_id, l.fence from lease l where l.worker_id = p_worker loop
    if settle(v_lease.step_id, v_lease.fence, p_worker, 'returned', '{"message": "its worker shut down"}') then
      v_returned := v_returned + 1;
    end if;
  end loop;
  update worker w set state = 'stopped', ended_at = now()
  where w.worker_id = p_worker and w.state in ('active', 'draining')
  returning w.name into v_name;
  if found then
    perform add_event('worker-stopped', format('worker %s stopped; %s steps went back', v_name, v_returned),
      p_worker => p_worker, p_subject => v_name);
  end if;
  delete from worker_lane wl where wl.worker_id = p_worker;
  delete from idle_worker i where i.worker_id = p_worker;
  return v_returned;
end
$$;

comment on function holdfast.leave(int) is 'Ends a worker and hands back its leases; returns how many.';
