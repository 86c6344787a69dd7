-- The repository of a profile at a place: the one that it was first used with. With an id, that one becomes known if none is.
-- Returns the id that is known, or null.
create or replace function holdfast.know_repository(p_profile text, p_place text, p_repository text default null) returns text
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
begin
  if p_repository is not null then
    insert into profile_repository (profile, place, repository) values (p_profile, p_place, p_repository)
    on conflict (profile, place) do nothing;
  end if;
  return (select r.repository from profile_repository r where r.profile = p_profile and r.place = p_place);
end
$$;

comment on function holdfast.know_repository(text, text, text) is 'Which repository a profile has at a place, since its first use.';
