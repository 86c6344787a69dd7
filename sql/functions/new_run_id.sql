-- The next run's id: today in the high bits, so that the run's rows land in today's partitions (see run).
create or replace function holdfast.new_run_id() returns bigint
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_day date := (now() at time zone 'UTC')::date;
begin
  -- Normally made days ago; this is for an installation that slept for longer than that.
  if to_regclass('holdfast.step_log_' || to_char(v_day, 'YYYYMMDD')) is null then
    perform ensure_partitions();
  end if;
  return ((v_day - date '2020-01-01')::bigint << 28) | nextval('holdfast.run_sequence');
end
$$;

comment on function holdfast.new_run_id() is 'A fresh run id of today.';
