-- The hosts on which workers of ours run or ran, as far as they are remembered: what is left of a process there was ours.
create or replace function holdfast.worker_hosts() returns text[]
language sql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  select coalesce(array_agg(distinct w.host order by w.host), '{}') from worker w where w.host <> ''
$$;

comment on function holdfast.worker_hosts() is 'The hosts on which workers run or ran.';
