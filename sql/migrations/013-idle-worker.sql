-- Workers that found too little to do and listen. Whoever makes steps ready takes a row and notifies that worker; so a
-- busy system sends no notifications at all.
create table holdfast.idle_worker (
  worker_id int primary key,
  since timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 100);

comment on table holdfast.idle_worker is 'Workers that wait for a NOTIFY on channel holdfast_worker_ID.';
