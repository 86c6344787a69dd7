-- Drops the partitions of days that are older than the setting history_days and whose runs are all over. Returns the days
-- that went. A day with a run that is still alive stays, with everything in it. A drop needs the tables for itself for a moment; if
-- it can't have them soon, it lets everyone else go on and leaves the rest of the days for the next call.
-- p_most: so many days at most. One keeps the tables for the shortest time; call it again until nothing goes.
create or replace function holdfast.drop_history(p_days int default null, p_most int default null) returns date[]
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_before date := (now() at time zone 'UTC')::date - coalesce(p_days, setting('history_days')::int);
  v_day date;
  v_table text;
  v_number bigint;
  v_gone date[] := '{}';
  v_lock_timeout text := current_setting('lock_timeout');
begin
  perform pg_advisory_xact_lock(hashtext('holdfast.partitions'));
  for v_day in
    -- Guarded, since the planner may look at the names of all tables before it looks which of them are partitions.
    select distinct d.day
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral (
      select case when c.relname ~ '_[0-9]{8}$' then to_date(right(c.relname, 8), 'YYYYMMDD') end as day) d
    where i.inhparent in ('run'::regclass, 'event'::regclass) and d.day < v_before
    order by 1
  loop
    exit when cardinality(v_gone) >= p_most;
    v_number := v_day - date '2020-01-01';
    continue when exists (
      select from run r
      where r.run_id >= v_number << 28 and r.run_id < (v_number + 1) << 28 and r.finished_at is null);
    begin
      -- Less than deadlock_timeout: a worker that holds one table and waits for another must not be broken off for this.
      perform set_config('lock_timeout', '200ms', true);
      -- The runs first, and then a second look: a retry that came before has a live run, and one that comes later finds none.
      if to_regclass('holdfast.run_' || to_char(v_day, 'YYYYMMDD')) is not null then
        lock table only run in access exclusive mode;
        execute format('lock table holdfast.%I in access exclusive mode', 'run_' || to_char(v_day, 'YYYYMMDD'));
        if exists (
          select from run r
          where r.run_id >= v_number << 28 and r.run_id < (v_number + 1) << 28 and r.finished_at is null)
        then
          perform set_config('lock_timeout', v_lock_timeout, true);
          continue;
        end if;
      end if;
      foreach v_table in array array['event', 'step_log', 'attempt', 'step', 'run'] loop
        execute format('drop table if exists holdfast.%I', v_table || '_' || to_char(v_day, 'YYYYMMDD'));
      end loop;
      perform set_config('lock_timeout', v_lock_timeout, true);
    exception when lock_not_available then
      exit;
    end;
    delete from submit_key k where k.run_id >= v_number << 28 and k.run_id < (v_number + 1) << 28;
    v_gone := v_gone || v_day;
  end loop;
  delete from step_body b where b.used_on < v_before - 1
    -- A day that stayed keeps its bodies.
    and not exists (select from run r where r.run_id < (v_before - date '2020-01-01')::bigint << 28);
  delete from worker w where w.ended_at < v_before;
  delete from policy_slot q where q.decided_at < v_before and q.state <> 'queued';
  delete from resource r where r.state = 'released' and r.released_at < v_before;
  delete from filesystem_freeze f where f.thawed_at < v_before;
  -- Of nodes that are no more.
  delete from unknown_object u where u.seen_at < v_before;
  delete from restore_point p
  where p.state = 'retired' and p.retired_at < now() - make_interval(days => setting('retired_days')::int);
  delete from point_hold h where not exists (select from run r where r.run_id = h.run_id);
  -- Lanes in which no step of the days that are left can be: lane_ids notes each day on which one is used. It takes up none that old
  -- without this lock, which nobody who has it may be kept waiting for here. Three days for time zones.
  if pg_try_advisory_xact_lock(hashtext('holdfast.lanes')) then
    delete from lane l where l.used_on < least(v_before, current_date) - 3
      and not exists (select from run r where r.run_id < (v_before - date '2020-01-01')::bigint << 28);
    delete from worker_lane wl where not exists (select from lane l where l.lane_id = wl.lane_id);
  end if;
  return v_gone;
end
$$;

comment on function holdfast.drop_history(int, int) is 'Drops whole days of ended runs.';
