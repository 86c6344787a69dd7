-- The specs of step bodies. They never change, so a worker may keep them.
create or replace function holdfast.bodies(p_bodies bigint[])
returns table (body_id bigint, uses text, spec jsonb)
language sql stable security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
  select b.body_id, b.uses, b.spec from step_body b where b.body_id = any (p_bodies)
$$;

comment on function holdfast.bodies(bigint[]) is 'What steps are: uses and spec (with, retry, timeoutSeconds …) by body id.';
