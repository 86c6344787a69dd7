-- Gives a worker the lanes that it can serve and does not have yet.
create or replace function holdfast.assign_lanes(p_worker holdfast.worker) returns void
language sql
as $$
  insert into holdfast.worker_lane (worker_id, lane_id)
  select p_worker.worker_id, l.lane_id
  from holdfast.lane l
  where holdfast.fits(p_worker, l)
    and not exists (
      select from holdfast.worker_lane wl where wl.worker_id = p_worker.worker_id and wl.lane_id = l.lane_id)
  on conflict do nothing;
$$;

comment on function holdfast.assign_lanes(holdfast.worker) is 'Completes worker_lane for one worker.';
