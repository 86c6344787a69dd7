-- Whether a worker can do the steps of a lane: its kinds, its queues (null: any) and all labels that the steps demand.
create or replace function holdfast.fits(p_worker holdfast.worker, p_lane holdfast.lane) returns boolean
language sql immutable
return p_lane.uses = any (p_worker.kinds)
  and (p_worker.queues is null or p_lane.queue = any (p_worker.queues))
  and p_worker.labels @> p_lane.labels;

comment on function holdfast.fits(holdfast.worker, holdfast.lane) is 'Whether this worker may claim from this lane.';
