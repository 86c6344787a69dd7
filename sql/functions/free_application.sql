-- A step's run lets an application go, or asks for it no more: the next in the queue are told. Safe to repeat, also where the run
-- never had it.
create or replace function holdfast.free_application(p_step bigint, p_fence bigint, p_application text) returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_run bigint;
begin
  perform held(p_step, p_fence);
  perform pg_advisory_xact_lock(hashtextextended('holdfast.application/' || p_application, 0));
  delete from application_hold h where h.application = p_application and h.run_id = p_step >> 20;
  -- Each of them looks for itself whether it is its turn. In one order for all, as reports of their steps have it, too.
  for v_run in
    select h.run_id
    from application_hold h join run r on r.run_id = h.run_id
    where h.application = p_application and h.granted_at is null and r.finished_at is null
    order by h.run_id
  loop
    perform deliver_signal(v_run, 'application/' || p_application, null);
  end loop;
end
$$;

comment on function holdfast.free_application(bigint, bigint, text) is 'Lets an application go, and tells those who wait for it.';
