-- A worker begins: returns its id, under which it claims and reports. Each start of a process registers anew.
-- p_queues: null serves every queue. p_lease_seconds: null takes the setting.
create or replace function holdfast.register(
  p_name text, p_slots int, p_kinds text[], p_labels jsonb default '{}', p_queues text[] default null,
  p_host text default '', p_pid int default null, p_version text default '', p_lease_seconds float8 default null
) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_worker worker;
begin
  -- An installation that slept for longer than the partitions reach has none to write events to.
  if to_regclass('holdfast.event_' || to_char((now() at time zone 'UTC')::date, 'YYYYMMDD')) is null then
    perform ensure_partitions();
  end if;
  if coalesce(cardinality(p_kinds), 0) = 0 then
    perform refuse('a worker has to offer at least one kind of step');
  end if;
  -- After a time without any worker there may be none for today's events.
  if to_regclass('holdfast.event_' || to_char((now() at time zone 'UTC')::date, 'YYYYMMDD')) is null then
    perform ensure_partitions();
  end if;
  insert into step_kind (uses) select distinct k from unnest(p_kinds) k
  where not exists (select from step_kind s where s.uses = k)
  order by k  -- so that two workers don't wait for each other
  on conflict do nothing;

  -- See lane_ids: a lane that is made at this moment comes wholly before or wholly after.
  perform pg_advisory_xact_lock(hashtext('holdfast.lanes'));
  insert into worker (name, host, pid, version, slots, kinds, queues, labels, lease, expires_at)
  select p_name, p_host, p_pid, p_version, greatest(1, p_slots), p_kinds, p_queues, p_labels, l.lease, now() + l.lease
  from (select make_interval(secs => coalesce(p_lease_seconds, setting('lease_seconds')::float8)) as lease) l
  returning * into v_worker;
  perform assign_lanes(v_worker);
  perform add_event('worker-started', format('worker %s started on %s with %s slots', p_name, p_host, p_slots),
    p_worker => v_worker.worker_id, p_subject => p_name);
  return v_worker.worker_id;
end
$$;

comment on function holdfast.register(text, int, text[], jsonb, text[], text, int, text, float8) is
  'Registers a worker with its slots, kinds and labels; returns its id.';
