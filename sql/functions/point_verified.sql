-- Notes the outcome of a restore drill: whether the point could be restored and was what it should be, and how long the
-- restore took. The last drill counts.
create or replace function holdfast.point_verified(
  p_point text, p_ok boolean, p_recovery_seconds float8 default null, p_message text default null
) returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  update restore_point p set verified_at = now(), verified_ok = p_ok, verified_message = left(p_message, 2000),
    recovery_seconds = coalesce(p_recovery_seconds, p.recovery_seconds)
  where p.name = p_point;
  if not found then
    perform refuse(format('there is no restore point %s', p_point), 'holdfast points lists them', 'HF002');
  end if;
  perform add_event(case when p_ok then 'point-verified' else 'point-bad' end,
    format('restore point %s %s%s', p_point, case when p_ok then 'was restored on trial, and is good' else 'failed its restore drill' end,
      coalesce(': ' || p_message, '')), p_subject => p_point);
end
$$;

comment on function holdfast.point_verified(text, boolean, float8, text) is 'Notes how a restore drill of a point went.';
