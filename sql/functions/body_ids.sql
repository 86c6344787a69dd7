-- The ids of these step bodies, in the same order; bodies not seen before are stored.
create or replace function holdfast.body_ids(p_specs jsonb[]) returns bigint[]
language plpgsql
as $$
declare
  v_digests bytea[];
  v_ids bigint[];
begin
  select array_agg(sha256(convert_to(s.spec::text, 'UTF8')) order by s.i)
  into v_digests
  from unnest(p_specs) with ordinality s(spec, i);

  insert into holdfast.step_body (
    digest, uses, spec, is_group, is_always, has_undo, wants_inputs, max_attempts, retry_initial, retry_max,
    time_limit, deadline)
  select
    s.digest,
    case when s.spec ? 'forEach' then 'group' else s.spec ->> 'uses' end,
    s.spec,
    s.spec ? 'forEach',
    coalesce((s.spec -> 'always')::boolean, false),
    s.spec ? 'undo',
    s.spec ? 'refs' or coalesce((s.spec -> 'params')::boolean, false) or coalesce((s.spec -> 'run')::boolean, false),
    coalesce((s.spec -> 'retry' -> 'attempts')::smallint, 3),
    coalesce(holdfast.duration_of(s.spec -> 'retry' -> 'initialSeconds', 'retry.initialSeconds'), interval '1 s'),
    coalesce(holdfast.duration_of(s.spec -> 'retry' -> 'maxSeconds', 'retry.maxSeconds'), interval '1 min'),
    holdfast.duration_of(s.spec -> 'timeoutSeconds', 'timeoutSeconds'),
    holdfast.duration_of(s.spec -> 'deadlineSeconds', 'deadlineSeconds')
  from (select distinct on (d.digest) d.digest, d.spec from unnest(v_digests, p_specs) d(digest, spec)) s
  where not exists (select from holdfast.step_body b where b.digest = s.digest)
  on conflict (digest) do nothing;

  -- Marked as used once a day, so that bodies of dropped history can be told from living ones.
  update holdfast.step_body b set used_on = current_date
  where b.digest = any (v_digests) and b.used_on < current_date;

  select array_agg(b.body_id order by d.i)
  into v_ids
  from unnest(v_digests) with ordinality d(digest, i) join holdfast.step_body b using (digest);
  return v_ids;
end
$$;

comment on function holdfast.body_ids(jsonb[]) is 'Ids of step bodies, stored once each by their SHA-256.';
