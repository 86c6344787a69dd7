-- Refuses a list of steps that can't be a DAG: names, kinds, needs and shapes, with one sentence for the first mistake.
-- Steps have to be listed in an order in which each needs only earlier ones, so a cycle can't be written down.
-- p_outer: outputs of other lists that the steps can see. p_items: the names of the items of the groups around them.
create or replace function holdfast.check_steps(p_steps jsonb, p_outer text[], p_path text, p_items text[] default '{}')
returns void
language plpgsql
as $$
declare
  v_problem text;
  v_step jsonb;
begin
  if p_steps is null or jsonb_typeof(p_steps) <> 'array' or jsonb_array_length(p_steps) = 0 then
    perform holdfast.refuse(format('%s has to be a list of at least one step', p_path || 'steps'));
  end if;

  -- Shapes and names.
  select format('step %s%s: %s', p_path, coalesce(s.e ->> 'name', '#' || s.i), p.problem)
  into v_problem
  from jsonb_array_elements(p_steps) with ordinality s(e, i)
  cross join lateral (
    select case
      when jsonb_typeof(s.e) <> 'object' then 'has to be an object'
      when coalesce(s.e ->> 'name', '') !~ '^(on(Success|Failure|Cancel):)?[A-Za-z][A-Za-z0-9_-]{0,99}(:items)?$'
        then 'its name has to be 1 to 100 letters, digits, "-" and "_", beginning with a letter'
      when s.e ? 'forEach' and s.e ? 'uses' then 'a group (forEach) has steps, not uses'
      when s.e ? 'forEach' and coalesce(s.e ->> 'as', '') !~ '^[A-Za-z][A-Za-z0-9_]*$'
        then 'forEach needs "as", a name for each item'
      when not s.e ? 'forEach' and s.e ? 'steps' then 'steps inside a step need a forEach'
      when not s.e ? 'forEach' and jsonb_typeof(s.e -> 'uses') is distinct from 'string' then '"uses" is missing'
      when jsonb_typeof(s.e -> 'needs') <> 'array' then '"needs" has to be a list of step names'
      when jsonb_typeof(s.e -> 'refs') <> 'array' then '"refs" has to be a list of step names'
      when s.e ? 'fields' and (jsonb_typeof(s.e -> 'fields') <> 'object'
          or jsonb_path_exists(s.e -> 'fields', 'strict $.* ? (@.type() != "array")'))
        then '"fields" has to be an object of lists of outputs'
      when s.e ? 'undo' and jsonb_typeof(s.e -> 'undo' -> 'uses') is distinct from 'string'
        then '"undo" has to be an object with "uses"'
      when s.e -> 'undo' ?| '{forEach,steps}' then '"undo" is one step: it can''t be a group (forEach, steps)'
      -- Most steps have none of these, and a call for each of them would double the time of a large submit.
      when s.e ?| '{limits,on,retry,priority,always,urgent,params,run,template,when,forEach,timeoutSeconds,deadlineSeconds,undo}'
        then coalesce(holdfast.spec_problem(s.e, '', p_items), holdfast.spec_problem(s.e -> 'undo', 'undo.', p_items))
    end as problem
  ) p
  where p.problem is not null
  order by s.i
  limit 1;
  if found then
    perform holdfast.refuse(v_problem);
  end if;

  select format('step %s%s is listed twice', p_path, s.e ->> 'name') into v_problem
  from jsonb_array_elements(p_steps) s(e)
  group by s.e ->> 'name' having count(*) > 1
  limit 1;
  if found then
    perform holdfast.refuse(v_problem);
  end if;

  -- Kinds that no worker has ever offered.
  select format('step %s%s uses %L, a kind that no worker offers', p_path, s.e ->> 'name', k.uses) into v_problem
  from jsonb_array_elements(p_steps) with ordinality s(e, i)
  cross join lateral (values (s.e ->> 'uses'), (s.e -> 'undo' ->> 'uses')) k(uses)
  where k.uses is not null and not exists (select from holdfast.step_kind n where n.uses = k.uses)
  order by s.i limit 1;
  if found then
    perform holdfast.refuse(
      v_problem,
      'known kinds: ' || coalesce((select string_agg(n.uses, ', ' order by n.uses) from holdfast.step_kind n), 'none yet; start a worker'));
  end if;

  -- Limits that are not defined. Asked now for inner steps and undos, too: their lanes are made in the middle of the run.
  select l.name into v_problem
  from jsonb_array_elements(p_steps) with ordinality s(e, i)
  cross join lateral (
    select l #>> '{}'
    from (select jsonb_array_elements(s.e -> 'limits') union all select jsonb_array_elements(s.e -> 'undo' -> 'limits')) a(l)
    where jsonb_typeof(l) = 'string'
  ) l(name)
  where (s.e ? 'limits' or s.e ? 'undo') and not exists (select from holdfast.named_limit n where n.name = l.name)
  order by s.i limit 1;
  if found then
    perform holdfast.refuse(
      format('limit %L is not defined', v_problem), format('holdfast limits set %s 4', v_problem), 'HF002');
  end if;

  -- Expressions, and what is inside of groups.
  for v_step in select s.e from jsonb_array_elements(p_steps) s(e) where s.e ? 'forEach' or s.e ? 'when' loop
    begin
      perform (v_step ->> 'forEach')::jsonpath, (v_step ->> 'when')::jsonpath;
    exception when others then
      perform holdfast.refuse(format(
        'step %s%s: not an SQL/JSON path: %s', p_path, v_step ->> 'name', coalesce(v_step ->> 'forEach', v_step ->> 'when')));
    end;
    if v_step ? 'forEach' then
      perform holdfast.check_steps(
        v_step -> 'steps',
        array(select jsonb_array_elements_text(coalesce(v_step -> 'refs', '[]'))),
        p_path || (v_step ->> 'name') || '.',
        p_items || (v_step ->> 'as'));
    end if;
  end loop;

  -- Needs: an earlier step of the same list, or GROUP.STEP of an earlier group.
  with listed as materialized (
    select s.e ->> 'name' as name, s.i, s.e from jsonb_array_elements(p_steps) with ordinality s(e, i)
  ), need as materialized (
    select l.name, l.i, n.need, split_part(n.need, '.', 1) as head
    from listed l cross join lateral jsonb_array_elements_text(l.e -> 'needs') n(need)
  )
  select
    case
      when p.name is null then format('step %s%s needs %L, which is not a step beside it', p_path, n.name, n.need)
      when p.i = n.i then format('step %s%s needs itself', p_path, n.name)
      when p.i > n.i then format('step %s%s needs %L, which is listed after it', p_path, n.name, n.need)
      else format('step %s%s needs %L, but %L has no such step', p_path, n.name, n.need, p.name)
    end
  into v_problem
  from need n
  left join listed p on p.name = n.head
  where p.name is null or p.i >= n.i
    or (n.need <> n.head
      and (not p.e ? 'forEach' or not (substr(n.need, length(n.head) + 2) = any (holdfast.group_paths(p.e -> 'steps')))))
  order by n.i
  limit 1;
  if found then
    perform holdfast.refuse(v_problem, 'list steps so that each needs only steps before it; a cycle can''t be ordered');
  end if;

  -- References: steps that are surely finished before this one isn't demanded here (the author knows), but known names are.
  select format('step %s%s refers to %L, which is not a step that it can see', p_path, s.e ->> 'name', r.ref) into v_problem
  from jsonb_array_elements(p_steps) s(e)
  cross join lateral jsonb_array_elements_text(s.e -> 'refs') r(ref)
  where s.e ? 'refs'
    and not (r.ref = any (p_outer))
    and not exists (
      select from jsonb_array_elements(p_steps) o(e)
      where o.e ->> 'name' = r.ref
        or o.e ->> 'name' = split_part(r.ref, '.', 1) and o.e ? 'forEach'
          and substr(r.ref, length(o.e ->> 'name') + 2) = any (holdfast.group_paths(o.e -> 'steps')))
  limit 1;
  if found then
    perform holdfast.refuse(v_problem, 'a step inside a group sees its siblings and what the group itself lists in refs');
  end if;
end
$$;

comment on function holdfast.check_steps(jsonb, text[], text, text[]) is
  'Refuses steps that are no DAG or name what does not exist; groups are checked all the way down.';
