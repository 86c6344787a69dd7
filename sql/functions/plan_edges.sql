-- The shape of a list of steps: for each its number of needs, its flags (see step.children), the children that need it and,
-- for a group, who outside of it needs which inner step. Ordinals count from 1 in the order of the list.
create or replace function holdfast.plan_edges(p_steps jsonb)
returns table (ordinal int, name text, spec jsonb, needs int, flags int, children int[], exits jsonb)
language sql stable
as $$
  with listed as materialized (
    select s.i::int as i, s.e ->> 'name' as name, s.e - 'name' - 'needs' as spec, s.e
    from jsonb_array_elements(p_steps) with ordinality s(e, i)
  ),
  need as materialized (
    select l.i, n.need, split_part(n.need, '.', 1) as head
    from listed l cross join lateral jsonb_array_elements_text(l.e -> 'needs') n(need)
  ),
  edge as materialized (
    -- One row for each step (or inner step of a group) that a step needs.
    select distinct n.i as child, p.i as parent, p.spec ? 'forEach' as of_group, path.path
    from need n
    join listed p on p.name = n.head
    cross join lateral (
      select null as path where not p.spec ? 'forEach'
      union all
      select substr(l, length(n.head) + 2) from unnest(holdfast.need_paths(p_steps, n.need)) l where p.spec ? 'forEach'
    ) path
  ),
  node as materialized (
    select
      l.i, l.name, l.spec, coalesce(n.needs, 0)::int as needs,
      (case when n.needs > 1 or n.any_group then 1 else 0 end
        | case when coalesce((l.spec -> 'always')::boolean, false) then 2 else 0 end
        | case when l.spec ? 'when' or l.spec ? 'forEach' or l.spec ? 'deadlineSeconds' then 4 else 0 end) as flags
    from listed l
    left join (select e.child, count(distinct e.parent) as needs, bool_or(e.of_group) as any_group from edge e group by 1) n
      on n.child = l.i
  ),
  child as (
    select e.parent, array_agg(distinct (n.i << 3) | n.flags) as children
    from edge e join node n on n.i = e.child group by 1
  ),
  way_out as (
    select p.parent, jsonb_object_agg(p.path, p.codes) as exits
    from (
      select e.parent, e.path, jsonb_agg(distinct (n.i << 3) | n.flags) as codes
      from edge e join node n on n.i = e.child where e.of_group group by 1, 2
    ) p group by 1
  )
  select n.i, n.name, n.spec, n.needs, n.flags, c.children, w.exits
  from node n left join child c on c.parent = n.i left join way_out w on w.parent = n.i
  order by n.i
$$;

comment on function holdfast.plan_edges(jsonb) is 'The DAG of a list of steps, as ordinals within the list.';
