-- Defines a limit or changes its capacity, at once for all workers; null removes it if nothing names it.
create or replace function holdfast.set_limit(p_name text, p_capacity int) returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if p_capacity is null then
    if exists (select from lane l where p_name = any (l.limits)) or exists (
      -- In groups and undos that have no lane yet.
      select from step_body b
      where jsonb_path_exists(b.spec, 'strict $.**.limits[*] ? (@ == $name)', jsonb_build_object('name', p_name), true))
    then
      perform refuse(format('limit %L is named by steps; set its capacity instead', p_name), null, 'HF003');
    end if;
    delete from named_limit n where n.name = p_name;
  elsif p_capacity < 0 or coalesce(p_name, '') = '' then
    perform refuse('a limit needs a name and a capacity of 0 or more');
  else
    insert into named_limit (name, capacity) values (p_name, p_capacity)
    on conflict (name) do update set capacity = excluded.capacity, changed_at = now();
    perform wake((select array_agg(l.lane_id) from lane l where p_name = any (l.limits)));
  end if;
  perform add_event('limit-changed', format('limit %s is now %s', p_name, coalesce(p_capacity::text, 'removed')), p_subject => p_name);
end
$$;

comment on function holdfast.set_limit(text, int) is 'Sets how many steps may run at once under a named limit.';
