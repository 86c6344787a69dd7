-- Pins a restore point, so that nothing of it is ever retired, or lets it go again. Returns whether that changed anything.
create or replace function holdfast.pin_point(p_point text, p_pinned boolean default true) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_point restore_point;
begin
  select p.* into v_point from restore_point p where p.name = p_point for update;
  if not found then
    perform refuse(format('there is no restore point %s', p_point), 'holdfast points lists them', 'HF002');
  elsif p_pinned and v_point.state <> 'complete' then
    perform refuse(format('restore point %s is %s; it can''t be kept any more', v_point.name,
      case v_point.state when 'retiring' then 'being retired' else v_point.state end), null, 'HF003');
  end if;
  update restore_point p set pinned = p_pinned where p.point_id = v_point.point_id and p.pinned <> p_pinned;
  if found then
    perform add_event(case when p_pinned then 'point-pinned' else 'point-unpinned' end,
      format('restore point %s was %s', v_point.name, case when p_pinned then 'pinned' else 'unpinned' end),
      p_subject => v_point.application);
    return true;
  end if;
  return false;
end
$$;

comment on function holdfast.pin_point(text, boolean) is 'Keeps a restore point from being retired, or lets it go again.';
