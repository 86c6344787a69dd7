-- The workers: those that live, and those that ended within the history that is kept (state).
create or replace view holdfast.worker_status as
select
  w.worker_id, w.name, w.state, w.host, w.pid, w.version, w.labels, w.kinds, w.queues, w.slots,
  coalesce(h.busy, 0)::int as busy,
  w.started_at,
  w.seen_at as last_seen_at,
  now() - w.seen_at as silent_for,
  w.expires_at as lease_ends_at,
  w.ended_at
from holdfast.worker w
left join (select l.worker_id, count(*) as busy from holdfast.lease l group by l.worker_id) h
  on h.worker_id = w.worker_id;

comment on view holdfast.worker_status is
  'Workers that live, and those that ended within the history that is kept.';
comment on column holdfast.worker_status.worker_id is 'Number of this start of a worker.';
comment on column holdfast.worker_status.name is 'Name of the worker.';
comment on column holdfast.worker_status.state is
  'active | draining (takes no more steps) | stopped (left in good order) | lost (was not heard of in time).';
comment on column holdfast.worker_status.host is 'Host that it runs on.';
comment on column holdfast.worker_status.pid is 'Process id on its host.';
comment on column holdfast.worker_status.version is 'Version of the program.';
comment on column holdfast.worker_status.labels is 'Labels that steps may demand (on).';
comment on column holdfast.worker_status.kinds is 'Kinds of step that it does.';
comment on column holdfast.worker_status.queues is 'Queues that it serves; null: all.';
comment on column holdfast.worker_status.slots is 'Steps that it does at once.';
comment on column holdfast.worker_status.busy is 'Steps that it holds now.';
comment on column holdfast.worker_status.started_at is 'When it registered.';
comment on column holdfast.worker_status.last_seen_at is 'When it was last heard of.';
comment on column holdfast.worker_status.silent_for is 'How long ago that was.';
comment on column holdfast.worker_status.lease_ends_at is 'When it is taken for lost if nothing is heard of it before.';
comment on column holdfast.worker_status.ended_at is 'When it stopped or was taken for lost.';
