-- Expands a group: makes its steps once for each value of its list, and lets the steps outside wait for each instance
-- that they need. In the transaction that completed the step which produced the list, so no one sees half a group.
create or replace function holdfast.expand(p_group bigint, p_context jsonb) returns void
language plpgsql
as $$
declare
  v_run bigint := p_group >> 20;
  v_base bigint := p_group & ~1048575::bigint;
  v_group holdfast.step;
  v_body holdfast.step_body;
  v_of holdfast.run;
  v_items jsonb;
  v_count int;
  v_width int;
  v_offset int;  -- template t of item i (both from 1) gets ordinal v_offset + (i - 1) * v_width + t
  v_specs jsonb[];
  v_bodies bigint[];
  v_paths text[];  -- what the steps take from the item for their lanes; nearly always null
  v_lanes int[];
  v_stride int := 0;  -- template t of item i (from 0) has lane i * v_stride + t: the same for all items, unless paths are taken
  v_woken int[];
  v_decide bigint[];
begin
  select * into v_group from holdfast.step s where s.step_id = p_group;
  select * into v_body from holdfast.step_body b where b.body_id = v_group.body_id;
  v_items := jsonb_path_query_array(p_context, (v_body.spec ->> 'forEach')::jsonpath);
  -- A path to the list itself means its values; one that ends in [*] or filters gives the values as they are.
  if (v_body.spec ->> 'forEach') !~ '(\[\*\]|\))\s*$' then
    v_items := v_items -> 0;
    if jsonb_typeof(v_items) is distinct from 'array' then
      perform holdfast.refuse(format('there is no list at %s', v_body.spec ->> 'forEach'));
    end if;
  end if;
  v_count := jsonb_array_length(v_items);
  v_width := jsonb_array_length(v_body.spec -> 'steps');

  select * into v_of from holdfast.run r where r.run_id = v_run for update;
  if v_of.next_ordinal + v_count::bigint * v_width > 1048575 then
    perform holdfast.refuse(format(
      '%s items of %s steps are more than the 1,048,575 steps that a run can have', v_count, v_width));
  end if;
  v_offset := v_of.next_ordinal - 1;
  update holdfast.run set next_ordinal = next_ordinal + v_count * v_width where run_id = v_run;

  select array_agg(s.e - 'name' - 'needs' order by s.i) into v_specs
  from jsonb_array_elements(v_body.spec -> 'steps') with ordinality s(e, i);
  v_bodies := holdfast.body_ids(v_specs);
  if v_group.needs = 0 and v_group.item is null then
    -- As in submit: what the run begins with waits for the end of a pause.
    v_specs := array(
      select case when coalesce(jsonb_array_length(s.e -> 'needs'), 0) = 0 then s.e - 'always' else s.e end
      from jsonb_array_elements(v_body.spec -> 'steps') with ordinality s(e, i) order by s.i);
  end if;
  v_paths := holdfast.item_paths(v_body.spec -> 'steps');
  if v_paths is null then
    v_lanes := holdfast.lane_ids(v_specs, v_of.queue, v_of.policy, v_of.priority);
  else
    v_stride := v_width;
    v_lanes := holdfast.item_lanes(
      v_specs, v_paths,
      array(
        select coalesce(v_group.item, '{}') || jsonb_build_object(v_body.spec ->> 'as', i.value)
        from jsonb_array_elements(v_items) with ordinality i(value, n) order by i.n),
      v_of.queue, v_of.policy, v_of.priority);
  end if;

  with template as materialized (
    select
      e.*, e.spec ? 'forEach' as is_group,
      -- The codes outside of this group that wait for this template, or for steps inside of it.
      (select array_agg(distinct c::int)
       from jsonb_each(v_group.exits) x(path, codes) cross join lateral jsonb_array_elements(x.codes) c
       where x.path = e.name or x.path like replace(replace(e.name, '_', '\_'), '%', '\%') || '.%') as outside,
      (select jsonb_object_agg(substr(x.path, length(e.name) + 2), x.codes)
       from jsonb_each(v_group.exits) x(path, codes)
       where e.spec ? 'forEach' and x.path like replace(replace(e.name, '_', '\_'), '%', '\%') || '.%') as outside_exits
    from holdfast.plan_edges(v_body.spec -> 'steps') e
  ),
  item as materialized (
    select (i.n - 1)::int as n, v_offset + (i.n - 1)::int * v_width as base,
      coalesce(v_group.item, '{}') || jsonb_build_object(v_body.spec ->> 'as', i.value) as bindings
    from jsonb_array_elements(v_items) with ordinality i(value, n)
  ),
  placed as (
    insert into holdfast.step (step_id, body_id, lane_id, needs, name, children, refs, exits, item)
    select
      v_base | (i.base + t.ordinal), v_bodies[t.ordinal], v_lanes[i.n * v_stride + t.ordinal], t.needs,
      v_group.name || '[' || i.n || '].' || t.name,
      nullif(coalesce((select array_agg(c + (i.base << 3)) from unnest(t.children) c), '{}') || coalesce(t.outside, '{}'), '{}'),
      case when t.spec ? 'refs' then (
        select jsonb_object_agg(r.ref, case
          when not o.is_group then to_jsonb(i.base + o.ordinal)
          when o.is_group then to_jsonb(v_group.name || '[' || i.n || '].')
          else v_group.refs -> r.ref
        end)
        from jsonb_array_elements_text(t.spec -> 'refs') r(ref)
        left join template o on o.name = case when o.is_group then split_part(r.ref, '.', 1) else r.ref end)
      end,
      case when t.is_group then
        coalesce(t.outside_exits, '{}') || coalesce((
          select jsonb_object_agg(x.path, (
            select jsonb_agg(code) from (
              select c.code::int + (i.base << 3) as code from jsonb_array_elements(x.codes) c(code)
              union all
              select c.code::int from jsonb_array_elements(t.outside_exits -> x.path) c(code)) merged))
          from jsonb_each(t.exits) x(path, codes)), '{}')
      end,
      i.bindings
    from item i cross join template t
    order by i.n, t.ordinal
  ),
  counted as (
    insert into holdfast.join_counter (step_id, pending)
    select v_base | (i.base + t.ordinal), t.needs
    from item i cross join template t where t.flags & 1 = 1
  ),
  put as (
    insert into holdfast.ready (step_id, lane_id)
    select v_base | (i.base + t.ordinal), v_lanes[i.n * v_stride + t.ordinal]
    from item i cross join template t where t.needs = 0 and t.flags & 4 = 0
    order by i.n, t.ordinal
    returning lane_id
  )
  select
    (select array_agg(distinct p.lane_id) from put p),
    (select array_agg(v_base | (i.base + t.ordinal) order by i.n, t.ordinal)
     from item i cross join template t where t.needs = 0 and t.flags & 4 = 4)
  into v_woken, v_decide;

  -- Those outside now wait for each instance; their own edge from the group is counted off by the caller.
  if v_count > 0 and v_group.exits is not null then
    perform from holdfast.join_counter j
    where j.step_id in (
      select v_base | (c::int >> 3) from jsonb_each(v_group.exits) x(path, codes), jsonb_array_elements(x.codes) c)
    order by j.step_id for update;

    update holdfast.join_counter j set pending = j.pending + o.instances * v_count
    from (
      select v_base | (c.code::int >> 3) as step_id, count(distinct split_part(x.path, '.', 1))::int as instances
      from jsonb_each(v_group.exits) x(path, codes) cross join lateral jsonb_array_elements(x.codes) c(code)
      group by 1
    ) o
    where j.step_id = o.step_id;
  end if;

  insert into holdfast.attempt (step_id, fence, state, outputs)
  values (p_group, nextval('holdfast.fence_sequence'), 'succeeded', jsonb_build_object('items', v_count));

  if v_decide is not null then
    perform holdfast.complete('{}', '{}', v_decide);
  end if;
  if v_woken is not null then
    perform holdfast.wake(v_woken);
  end if;
end
$$;

comment on function holdfast.expand(bigint, jsonb) is 'Makes the steps of a group, once for each value of its list.';
