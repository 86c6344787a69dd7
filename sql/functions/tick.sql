-- What time brings: takes back the leases of lost workers, wakes parked steps that are due, ends what ran over its time,
-- finishes cancels, and looks after policies. Any worker or scheduler calls it about once a second, and when it said that something is due;
-- only one at a time does the work. Returns the milliseconds until something parked is due (at most 60,000).
create or replace function holdfast.tick() returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
as $$
declare
  v record;
  v_lanes int[];
  v_next timestamptz;
  v_ticked timestamptz;
  v_dark timestamptz;  -- the last time without a tick began here,
  v_blind timestamptz;  -- and ended here
  v_lease interval;
  v_due timestamptz;
begin
  if not pg_try_advisory_xact_lock(hashtext('holdfast.tick')) then
    return 1000;
  end if;

  -- Once a day, the partitions of one more day.
  if to_regclass('holdfast.event_' || to_char((now() at time zone 'UTC')::date + setting('partitions_ahead_days')::int, 'YYYYMMDD')) is null then
    perform ensure_partitions();
  end if;

  -- Nobody came here for a while, so perhaps nobody could: there was no database, a standby took over, the machine stood still. Whoever
  -- is back first must not take all others for lost: those whose time came meanwhile have a lease from here on to be heard of. Those whose
  -- time had come a lease before are lost all the same; so they are also where ticks are always that far apart, and each looks like this.
  select
    max(l.at) filter (where l.what = 'tick'), max(l.at) filter (where l.what = 'dark'), max(l.at) filter (where l.what = 'blind')
  into v_ticked, v_dark, v_blind
  from look l where l.what in ('tick', 'dark', 'blind');
  if v_ticked < now() - interval '10 s' or v_ticked < pg_postmaster_start_time() then
    v_dark := v_ticked;
    v_blind := now();
    insert into look (what, at) values ('dark', v_dark), ('blind', v_blind) on conflict (what) do update set at = excluded.at;
  end if;

  -- A clock that was set back.
  if v_blind > now() then
    v_blind := null;
  end if;

  -- The same for limits and deadlines that somebody may have kept, and could not say so yet: overdue is what was due before this.
  v_lease := make_interval(secs => setting('lease_seconds')::float8);
  v_due := case when v_blind + v_lease >= now() then least(now(), v_dark - v_lease) else now() end;

  -- Workers that were not heard of in time, and then every lease whose worker is gone.
  for v in
    update worker w set state = 'lost', ended_at = now()
    where w.worker_id in (
      select l.worker_id from worker l
      where l.state in ('active', 'draining')
        and l.expires_at < case when v_blind + l.lease >= now() then least(now(), v_dark - l.lease) else now() end
      for update skip locked)
    returning w.worker_id, w.name, w.seen_at
  loop
    delete from worker_lane wl where wl.worker_id = v.worker_id;
    delete from idle_worker i where i.worker_id = v.worker_id;
    perform add_event('worker-lost', format('worker %s was last heard of at %s', v.name, v.seen_at),
      p_worker => v.worker_id, p_subject => v.name);
  end loop;
  -- All leases are read for that, dead rows with them, so only after some worker ended; and now and then, in case a claim that
  -- was under way then was written much later.
  if random() < 0.01 or exists (
    select from worker w where w.state in ('lost', 'stopped') and w.ended_at > now() - interval '1 min')
  then
    for v in
      select l.step_id, l.fence, w.name
      from lease l left join worker w on w.worker_id = l.worker_id
      where w.state is null or w.state in ('lost', 'stopped')
      order by l.step_id
      limit 5000
    loop
      perform settle(v.step_id, v.fence, null, 'lost', jsonb_build_object('message', format('its worker %s was lost', v.name)));
    end loop;
  end if;

  -- Steps that ran over their time, and whose worker didn't stop them.
  for v in
    select l.step_id, l.fence, l.worker_id
    from lease l
    where l.time_limit_at < least(v_due, now() - make_interval(secs => setting('stuck_grace_seconds')::float8))
    limit 1000
  loop
    perform settle(v.step_id, v.fence, null, 'failed',
      '{"class": "retryable", "message": "it ran over its time limit and its worker did not stop it"}');
    perform pg_notify('holdfast_worker_' || v.worker_id, 'stop');
  end loop;

  -- Waiting steps past their deadline, then those that are due. What somebody could not say yet may be a signal.
  for v in
    with unparked as (
      delete from parked p where p.step_id in (
        select d.step_id from parked d
        where d.deadline_at < now() and (d.signal is null or d.deadline_at < v_due) limit 1000 for update skip locked)
      returning p.step_id, p.reason
    ), unready as (
      delete from ready r where r.step_id in (
        select d.step_id from ready d
        where d.deadline_at < now() and (d.payload is null or d.deadline_at < v_due) limit 1000 for update skip locked)
      returning r.step_id
    )
    select w.step_id, 'it did not end before its deadline; it waited: ' || w.reason as message
    from (select * from unparked union all select u.step_id, 'for a worker' from unready u) w
  loop
    insert into attempt (step_id, fence, state, message)
    values (v.step_id, nextval('fence_sequence'), 'failed', v.message);
    perform fail_run(v.step_id, (select s.name from step s where s.step_id = v.step_id), v.message);
    perform complete(array[v.step_id], array[false]);
  end loop;

  with due as materialized (
    select p.step_id from parked p where p.wake_at <= now() order by p.wake_at limit 5000 for update skip locked
  ), woken as (
    delete from parked p using due d where p.step_id = d.step_id returning p.*
  ), put as (
    insert into ready (step_id, lane_id, failures, crashes, wakes, deadline_at, payload)
    select w.step_id, w.lane_id, w.failures, w.crashes, w.wakes, w.deadline_at, w.payload from woken w order by w.wake_at
    returning lane_id
  )
  select array_agg(distinct p.lane_id) into v_lanes from put p;
  if v_lanes is not null then
    perform wake(v_lanes);
  end if;

  -- Runs past their deadline, and cancels that are not through. The lock sees a deadline as a retry has just moved it.
  perform cancel(d.run_id, 'it did not end before its deadline', 'failed')
  from (
    select r.run_id from run r
    where r.finished_at is null and r.deadline_at < v_due and r.state = 'running' for update skip locked
  ) d;
  perform sweep_stopping(s.run_id) from stopping_run s;

  -- How policies fare with their applications. Nothing of it may keep the rest from being done.
  if exists (select from ended_run) then
    perform note_ends();
  end if;
  if not exists (select from look l where l.what = 'protection' and l.at > now() - interval '1 min') then
    insert into look (what, at) values ('protection', now()) on conflict (what) do update set at = excluded.at;
    begin
      perform watch_protection();
    exception when others then
      perform add_event('policy-problem', 'the policies could not be looked at: ' || sqlerrm);
    end;
  end if;

  -- By the clock and at the end, so that a tick which takes long is no gap.
  if v_ticked is null or v_ticked not between clock_timestamp() - interval '1 s' and clock_timestamp() then
    insert into look (what, at) values ('tick', clock_timestamp()) on conflict (what) do update set at = excluded.at;
  end if;

  select min(p.wake_at) into v_next from parked p where p.wake_at is not null;
  return greatest(0, least(60000, ceil(extract(epoch from coalesce(v_next, clock_timestamp() + interval '1 min') - clock_timestamp()) * 1000)))::int;
end
$$;

comment on function holdfast.tick() is
  'Takes back lost leases, wakes due steps, enforces deadlines; returns milliseconds until the next due step.';
