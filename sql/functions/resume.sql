-- Ends a pause; returns false if there was none.
create or replace function holdfast.resume(p_scope text, p_name text) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  delete from pause p where p.scope = p_scope and p.name = p_name;
  if not found then
    return false;
  end if;
  if p_scope = 'policy' then
    -- What fell due during the pause was meant not to run; a slot that still waits for its jitter or its window runs.
    update policy p set passed_through = now(), look_at = null where p.policy = p_name;
  end if;
  perform add_event('resumed', format('%s %s goes on', p_scope, p_name), p_subject => p_name);
  perform wake((
    select array_agg(l.lane_id) from lane l
    where (p_scope = 'queue' and l.queue = p_name) or (p_scope = 'policy' and l.policy = p_name)));
  return true;
end
$$;

comment on function holdfast.resume(text, text) is 'Lets a paused queue or policy go on.';
