-- Tells idle workers that there are ready steps in these lanes: one notification for each worker that is taken off the
-- list of idle ones, none when nobody is idle. Only a hint; workers also look by themselves now and then.
create or replace function holdfast.wake(p_lanes int[]) returns void
language plpgsql
as $$
declare
  v_worker int;
begin
  for v_worker in
    with chosen as materialized (
      select i.worker_id
      from holdfast.idle_worker i
      where exists (
        select from holdfast.worker_lane wl where wl.worker_id = i.worker_id and wl.lane_id = any (p_lanes))
      order by i.since
      limit 8
      for update of i skip locked
    )
    delete from holdfast.idle_worker i using chosen c where i.worker_id = c.worker_id
    returning i.worker_id
  loop
    perform pg_notify('holdfast_worker_' || v_worker, '');
  end loop;
end
$$;

comment on function holdfast.wake(int[]) is 'Notifies idle workers that can serve one of these lanes.';
