-- Pauses a queue or a policy: what runs goes on, nothing new is taken, and a paused policy's schedule fires nothing. What a run that has
-- begun does in any case (steps marked always, undos) and what is marked urgent is still taken, so that no application stays at rest for
-- the pause.
create or replace function holdfast.pause(p_scope text, p_name text, p_reason text default '') returns void
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if p_scope is null or p_scope not in ('queue', 'policy') then
    perform refuse(format('one can pause a queue or a policy, not a %s', p_scope));
  end if;
  insert into pause (scope, name, reason) values (p_scope, p_name, coalesce(p_reason, ''))
  on conflict (scope, name) do update set reason = excluded.reason;
  perform add_event('paused', format('%s %s was paused: %s', p_scope, p_name, p_reason), p_subject => p_name);
end
$$;

comment on function holdfast.pause(text, text, text) is 'Pauses a queue or a policy, with a reason.';
