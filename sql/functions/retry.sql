-- Runs again what did not succeed in a run that is over: its failed, omitted, cancelled and quarantined steps, what was
-- undone, what made something that a janitor has removed since, and, with p_from, that step and everything after it.
--
-- What succeeded stays, but for two kinds of set-up that are there no more (an application at rest, a mounted volume). A step that
-- names another as its undo is repeated if that one has torn down since what it set up, and something between the two is repeated. And
-- if an urgent step or one with an undo is repeated by p_from, so are those before it that have an undo.
--
-- A group that is among these is expanded anew; the instances that it had are kept for the record, as old:NAME. The run may take as
-- long again as it might at first. Returns how many steps were reopened.
create or replace function holdfast.retry(p_run bigint, p_from text default null) returns int
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  v_base bigint := p_run << 20;
  v_run run;
  v_before bigint[] := '{}';
  v_open bigint[];
  v_old bigint[];
  v_decide bigint[];
  v_lanes int[];
begin
  select r.* into v_run from run r where r.run_id = p_run for update;
  if not found then
    perform refuse(format('there is no run %s', p_run), null, 'HF002');
  elsif v_run.finished_at is null then
    perform refuse(format('run %s is not over yet; cancel it first', p_run), null, 'HF003');
  end if;
  if p_from is not null
    and not exists (
      select from step s
      where s.step_id between v_base and v_base + 1048575 and s.name = p_from and s.name !~ '^(undo|old):')
  then
    perform refuse(format('run %s has no step %L', p_run, p_from), null, 'HF002');
  end if;

  if p_from is not null then
    with recursive known as materialized (
      select s.step_id, s.name, s.children, b.is_group, b.has_undo, coalesce((b.spec -> 'urgent')::boolean, false) as is_urgent
      from step s join step_body b on b.body_id = s.body_id
      where s.step_id between v_base and v_base + 1048575 and s.name not like 'undo:%' and s.name not like 'old:%'
    ), edge as materialized (
      select k.step_id as parent, v_base | (c.code >> 3) as child
      from known k cross join lateral unnest(k.children) c(code)
      where c.code >> 3 <> 0
      union all
      select g.step_id, k.step_id from known g join known k on starts_with(k.name, g.name || '[') where g.is_group
    ), later(step_id) as (
      select k.step_id from known k where k.name = p_from
      union
      select e.child from later l join edge e on e.parent = l.step_id
    ), earlier(step_id) as (
      select k.step_id from known k where k.name = p_from
      union
      select e.parent from earlier l join edge e on e.child = l.step_id
    )
    select coalesce(array_agg(k.step_id), '{}') into v_before
    from known k join earlier e on e.step_id = k.step_id
    where k.has_undo
      and exists (select from later l join known u on u.step_id = l.step_id where u.has_undo or u.is_urgent);
  end if;

  -- The last word on each step; undo steps are not repeated, but what they undid is.
  with recursive last_word as materialized (
    select
      s.step_id, s.name, s.children, b.is_group, b.spec -> 'undo' ->> 'unless' as unless,
      substring(s.name from '^.*\.') as beside, a.state, a.fence
    from step s
    join step_body b on b.body_id = s.body_id
    left join lateral (select l.state, l.fence from attempt l where l.step_id = s.step_id order by l.fence desc limit 1) a on true
    where s.step_id between v_base and v_base + 1048575 and s.name not like 'undo:%' and s.name not like 'old:%'
  ), undone as materialized (
    select substr(s.name, 6) as name, max(a.fence) as fence
    -- Also if it failed: nobody knows how far it got.
    from step s join attempt a on a.step_id = s.step_id
    where s.step_id between v_base and v_base + 1048575 and s.name like 'undo:%'
    group by 1
  ), edge as materialized (
    select w.step_id as parent, v_base | (c.code >> 3) as child
    from last_word w cross join lateral unnest(w.children) c(code)
    where c.code >> 3 <> 0
    union all
    -- From a group to its instances.
    select g.step_id, w.step_id
    from last_word w join last_word g on g.is_group and g.name = regexp_replace(w.name, '\[\d+\]\.[^.]*$', '')
    where strpos(w.name, '[') > 0
  ), torn as materialized (
    -- What one step has set up and another, which is looked for as by start_undo, has torn down since.
    select w.step_id as setup, t.step_id as teardown, case when t.name = w.unless then '' else w.beside end as place
    from last_word w
    cross join lateral (values (w.unless), (w.beside || w.unless)) n(name)
    join last_word t on t.name = n.name
    where w.state = 'succeeded'
      and exists (
        select from attempt a
        where a.step_id = t.step_id and a.step_id between v_base and v_base + 1048575 and a.state = 'succeeded' and a.fence > w.fence)
  ), later(setup, teardown, place, step_id) as (
    select t.setup, t.teardown, t.place, t.setup from torn t
    union
    -- What leads out of a group's instance doesn't lead back, so it isn't followed for each of them.
    select l.setup, l.teardown, l.place, w.step_id
    from later l
    join edge e on e.parent = l.step_id
    join last_word w on w.step_id = e.child and starts_with(w.name, l.place)
    -- A step stands behind those that it needs, so what stands behind the teardown doesn't lead to it.
    where l.step_id <> l.teardown and (l.place <> '' or strpos(w.name, '[') > 0 or w.step_id <= l.teardown)
  ), inside(setup, teardown, step_id) as (
    -- Of that what leads to the teardown, which is in it, too.
    select t.setup, t.teardown, t.teardown from torn t
    union
    select i.setup, i.teardown, l.step_id
    from inside i
    join edge e on e.child = i.step_id
    join later l on l.step_id = e.parent and l.setup = i.setup and l.teardown = i.teardown
    where l.step_id <> l.setup
  ), follows as materialized (
    -- What is repeated with a step: what needs it (what was omitted, and what runs always), and the set-up that it needs.
    select e.parent as step_id, e.child as next_id from edge e
    union all
    select i.step_id, i.setup from inside i where i.step_id <> i.teardown
  ), reopened(step_id) as (
    select w.step_id from last_word w left join undone u on u.name = w.name
    -- What was undone and then repeated by an earlier retry stands.
    where w.state is null or w.state not in ('succeeded', 'skipped') or w.name = p_from or w.step_id = any (v_before) or u.fence > w.fence
      or exists (
        select from resource o where o.step_id = w.step_id
          and (o.state = 'released' and o.swept_at is not null or o.sweep_until > clock_timestamp()))
    union
    select f.next_id from reopened r join follows f on f.step_id = r.step_id
  ), regrouped as materialized (
    select w.name from reopened r join last_word w on w.step_id = r.step_id where w.is_group
  )
  select
    array_agg(w.step_id) filter (where not i.is_old),
    array_agg(w.step_id) filter (where i.is_old)
  into v_open, v_old
  from last_word w
  left join reopened r on r.step_id = w.step_id
  cross join lateral (
    select strpos(w.name, '[') > 0 and regexp_replace(w.name, '\[\d+\]\.[^.]*$', '') in (select g.name from regrouped g) as is_old) i
  where r.step_id is not null or i.is_old;
  if v_open is null then
    perform refuse(format('run %s succeeded; name the step to repeat it from', p_run), null, 'HF003');
  end if;

  -- What these steps left is of another time than what they will make now: it goes first.
  update resource o set state = 'intent', detail = case when jsonb_typeof(o.detail) = 'object' then o.detail else '{}' end || '{"stale": true}'
  where o.step_id = any (v_open || v_old) and o.state <> 'released' and coalesce(o.detail -> 'keep', 'false') <> 'true';

  insert into attempt (step_id, fence, state, message)
  select o, nextval('fence_sequence'), 'reopened', 'the run was retried' from unnest(v_open) o;
  update run r set
    state = 'running', failure = null, stop_reason = null, stop_state = null, finished_at = null,
    deadline_at = now() + r.time_limit
  where r.run_id = p_run;
  delete from stopping_run s where s.run_id = p_run;
  -- The step that started this run must not take its old end for the one that is to come.
  delete from signal s where s.run_id = v_run.parent_step >> 20 and s.name = 'run/' || p_run;
  -- A group that is expanded anew gets new instances. Of the old ones nothing is done any more, and nothing waits for them.
  update step s set name = 'old:' || s.name, children = null
  where s.step_id = any (v_old) and s.step_id between v_base and v_base + 1048575;
  delete from join_counter j where j.step_id between v_base and v_base + 1048575;

  with edge as materialized (
    -- Edges between reopened steps, and from them to the end; only these are counted off again.
    select s.step_id as parent, v_base | (c.code >> 3) as child, c.code & 7 as flags
    from unnest(v_open) o(id) join step s on s.step_id = o.id cross join lateral unnest(s.children) c(code)
  ), counted as (
    insert into join_counter (step_id, pending)
    select e.child, count(*) from edge e where e.flags & 1 = 1 and (e.child = v_base or e.child = any (v_open)) group by 1
  ), free as materialized (
    select s.step_id, s.lane_id, b.is_group or b.spec ? 'when' or b.deadline is not null as decide
    from unnest(v_open) o(id) join step s on s.step_id = o.id join step_body b on b.body_id = s.body_id
    where not exists (select from edge e where e.child = s.step_id)
  ), put as (
    insert into ready (step_id, lane_id)
    select f.step_id, f.lane_id from free f where not f.decide order by f.step_id
    returning lane_id
  )
  select (select array_agg(distinct p.lane_id) from put p), (select array_agg(f.step_id) from free f where f.decide)
  into v_lanes, v_decide;

  perform add_event('run-retried', format('run of %s is retried: %s steps', v_run.workflow, cardinality(v_open)), p_run => p_run);
  if v_decide is not null then
    perform complete('{}', '{}', v_decide);
  end if;
  perform wake(v_lanes);
  return cardinality(v_open);
end
$$;

comment on function holdfast.retry(bigint, text) is
  'Repeats what did not succeed in a run that is over, or everything from one step on.';
