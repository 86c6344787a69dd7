-- Takes or keeps a role for so many seconds; true if the caller has it now.
create or replace function holdfast.lead(p_role text, p_holder text, p_seconds float8) returns boolean
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  insert into leader (role, holder, expires_at) values (p_role, p_holder, now() + make_interval(secs => p_seconds))
  on conflict (role) do update set holder = excluded.holder, expires_at = excluded.expires_at
  where leader.holder = excluded.holder or leader.expires_at < now();
  return found;
end
$$;

comment on function holdfast.lead(text, text, float8) is 'Leadership with a time limit.';
