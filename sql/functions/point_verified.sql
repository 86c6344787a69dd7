-- Notes the outcome of a restore drill: whether the point could be restored and was what it should be, and how long the
-- restore took. The last drill counts. p_ok is null if the drill could not be done, for the reason in p_message: then what is known of
-- the point stays as it is.
create or replace function holdfast.point_verified(
  p_point text, p_ok boolean, p_recovery_seconds float8 default null, p_message text default null
) returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if p_ok is null then
    update restore_point p set drill_problem = left(coalesce(p_message, 'no reason was given'), 2000) where p.name = p_point;
  else
    update restore_point p set verified_at = now(), verified_ok = p_ok, verified_message = left(p_message, 2000),
      recovery_seconds = coalesce(p_recovery_seconds, p.recovery_seconds), drill_problem = null
    where p.name = p_point;
  end if;
  if not found then
    perform refuse(format('there is no restore point %s', p_point), 'holdfast points lists them', 'HF002');
  end if;
  perform add_event(
    case when p_ok then 'point-verified' when p_ok is null then 'drill-failed' else 'point-bad' end,
    case
      when p_ok then format('restore point %s was restored on trial, and is good', p_point)
      when p_ok is null then format('the restore drill of point %s could not be done', p_point)
      else format('restore point %s failed its restore drill', p_point)
    end || coalesce(': ' || p_message, ''), p_subject => p_point);
end
$$;

comment on function holdfast.point_verified(text, boolean, float8, text) is 'Notes how a restore drill of a point went.';
