-- Makes the partitions from today on for so many days ahead. Run by migrate and, once a day, by tick; safe to repeat and
-- to run from several sessions at once.
create or replace function holdfast.ensure_partitions(p_days int default null) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_ahead int := coalesce(p_days, setting('partitions_ahead_days')::int);
  v_first date := (now() at time zone 'UTC')::date;
  v_day date;
  v_number bigint;
  v_table text;
  v_shift int;
  v_name text;
  v_made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('holdfast.partitions'));
  for v_day in select v_first + i from generate_series(0, v_ahead) i loop
    v_number := v_day - date '2020-01-01';
    foreach v_table in array array['run', 'step', 'attempt', 'step_log', 'event'] loop
      v_name := v_table || '_' || to_char(v_day, 'YYYYMMDD');
      continue when to_regclass('holdfast.' || v_name) is not null;
      -- Attached afterwards, since "create table … partition of" would lock out every reader of the parent.
      execute format('create table holdfast.%I (like holdfast.%I including defaults including constraints)', v_name, v_table);
      if v_table = 'event' then
        execute format(
          'alter table holdfast.event attach partition holdfast.%I for values from (%L) to (%L)',
          v_name, v_day::timestamp at time zone 'UTC', (v_day + 1)::timestamp at time zone 'UTC');
      else
        v_shift := case v_table when 'run' then 28 else 48 end;
        execute format(
          'alter table holdfast.%I attach partition holdfast.%I for values from (%s) to (%s)',
          v_table, v_name, v_number << v_shift, (v_number + 1) << v_shift);
      end if;
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end
$$;

comment on function holdfast.ensure_partitions(int) is
  'Makes the day partitions of run, step, attempt, step_log and event in advance; returns how many were made.';
