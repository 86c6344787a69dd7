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
left join (select l.worker_id, count(*) as busy from holdfast.lease l group by l.worker_id) h on h.worker_id = w.worker_id;
