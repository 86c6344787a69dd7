-- What has become of a run: its state, its first failure, and whether it is over. For workers, who may not read the views.
create or replace function holdfast.run_state(p_run bigint) returns table (state text, failure text, is_over boolean)
language sql stable security definer set search_path = holdfast, pg_temp
as $$
  select r.state, coalesce(r.failure, r.stop_reason), r.finished_at is not null from run r where r.run_id = p_run
$$;

comment on function holdfast.run_state(bigint) is 'State, failure and end of a run; no row if there is none of that number.';
