-- The lanes of a group's steps where labels or limits are taken from the item: for the first item each step's, then for the second …
-- Bodies stay shared; items that are alike in what is taken from them (p_paths) share their lanes, too.
create or replace function holdfast.item_lanes(
  p_specs jsonb[], p_paths text[], p_bindings jsonb[], p_queue text, p_policy text, p_priority smallint
) returns int[]
language plpgsql
as $$
declare
  v_width int := cardinality(p_specs);
  v_kinds int[];  -- of each item
  v_examples jsonb[];  -- the bindings of one item of each kind
  v_lanes int[];
  v_undos jsonb[];
begin
  with ranked as materialized (
    select
      b.n, b.bindings,
      dense_rank() over (order by array(select b.bindings #>> string_to_array(p, '.') from unnest(p_paths) p))::int as kind
    from unnest(p_bindings) with ordinality b(bindings, n)
  )
  select
    (select array_agg(r.kind order by r.n) from ranked r),
    (select array_agg(e.bindings order by e.kind)
     from (select distinct on (r.kind) r.kind, r.bindings from ranked r order by r.kind) e)
  into v_kinds, v_examples;
  if v_kinds is null then
    return '{}';
  end if;

  v_lanes := holdfast.lane_ids(
    array(
      select holdfast.with_item(s.spec, e.bindings)
      from unnest(v_examples) with ordinality e(bindings, n) cross join unnest(p_specs) with ordinality s(spec, t)
      order by e.n, s.t),
    p_queue, p_policy, p_priority);

  -- Those of the undos now, too: what is wrong with an item has to be found before a step is started, not when the run ends.
  select array_agg(holdfast.with_item(holdfast.undo_spec(s.spec), e.bindings) || '{"always": true}') into v_undos
  from unnest(v_examples) e(bindings) cross join unnest(p_specs) s(spec)
  where s.spec ? 'undo';
  if v_undos is not null then
    perform holdfast.lane_ids(v_undos, p_queue, p_policy, p_priority);
  end if;

  return array(
    select v_lanes[(k.kind - 1) * v_width + t]
    from unnest(v_kinds) with ordinality k(kind, n) cross join generate_series(1, v_width) t
    order by k.n, t);
end
$$;

comment on function holdfast.item_lanes(jsonb[], text[], jsonb[], text, text, smallint) is
  'Lanes of a group''s steps, item by item, where these take labels or limits from the item.';
