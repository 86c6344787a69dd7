-- Ends the retiring of a point of which nothing is left. Returns whether it is retired.
create or replace function holdfast.end_retire(p_point bigint) returns boolean
language plpgsql
as $$
begin
  perform holdfast.count_point(p_point);
  update holdfast.restore_point p set state = 'retired', retired_at = now()
  where p.point_id = p_point and p.state = 'retiring'
    and not exists (
      select from holdfast.point_volume v
      where v.point_id = p_point and (v.snapshot_state in ('exists', 'retiring') or v.export_state in ('exists', 'retiring')));
  if found then
    perform holdfast.add_event('point-retired', format('restore point %s is retired', p.name), p_subject => p.application)
    from holdfast.restore_point p where p.point_id = p_point;
  end if;
  return found or exists (select from holdfast.restore_point p where p.point_id = p_point and p.state = 'retired');
end
$$;

comment on function holdfast.end_retire(bigint) is 'Ends the retiring of a restore point of which nothing is left.';
