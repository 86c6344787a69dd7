-- The lanes of these step bodies in a run of this queue, policy and priority, in the same order. New lanes are made, and
-- given to the live workers that can serve them. Steps marked always or urgent have lanes of their own. That a lane is used is noted
-- once a day, since drop_history removes those that are not.
create or replace function holdfast.lane_ids(p_specs jsonb[], p_queue text, p_policy text, p_priority smallint)
returns int[]
language plpgsql
as $$
declare
  v_uses text[];
  v_labels jsonb[];
  v_limits text[];
  v_priorities smallint[];
  v_always boolean[];
  v_ids int[];
  v_new int[];
  v_lacking boolean;  -- a lane is missing, or so old that it may just be removed
  v_aged boolean;
  v_unknown text;
begin
  select
    array_agg(case when s.spec ? 'forEach' then 'group' else s.spec ->> 'uses' end order by s.i),
    array_agg(coalesce(s.spec -> 'on', '{}') order by s.i),
    array_agg(
      case when s.spec ? 'limits'
        then (select coalesce(string_agg(distinct l, e'\n' order by l), '') from jsonb_array_elements_text(s.spec -> 'limits') l)
        else ''
      end order by s.i),
    array_agg(coalesce((s.spec -> 'priority')::smallint, p_priority) order by s.i),
    array_agg(coalesce((s.spec -> 'always')::boolean, false) or coalesce((s.spec -> 'urgent')::boolean, false) order by s.i)
  into v_uses, v_labels, v_limits, v_priorities, v_always
  from unnest(p_specs) with ordinality s(spec, i);

  select bool_or(l.lane_id is null or l.used_on < current_date - 1), bool_or(l.used_on < current_date)
  into v_lacking, v_aged
  from (
    select distinct w.uses, w.labels, w.limits, w.priority, w.always
    from unnest(v_uses, v_labels, v_limits, v_priorities, v_always) w(uses, labels, limits, priority, always)
  ) w
  left join holdfast.lane l
    on l.queue = p_queue and l.policy = p_policy and l.uses = w.uses and l.labels = w.labels
    and l.limits = string_to_array(w.limits, e'\n') and l.priority = w.priority and l.always = w.always;
  if v_lacking then
    -- A new lane and a worker that registers at this moment would not see each other; so one comes after the other. So do the use of an
    -- old lane and its removal.
    perform pg_advisory_xact_lock(hashtext('holdfast.lanes'));
  end if;
  with made as (
    insert into holdfast.lane (queue, policy, uses, labels, limits, priority, always)
    select distinct p_queue, p_policy, w.uses, w.labels, string_to_array(w.limits, e'\n'), w.priority, w.always
    from unnest(v_uses, v_labels, v_limits, v_priorities, v_always) w(uses, labels, limits, priority, always)
    where not exists (
      select from holdfast.lane l
      where l.queue = p_queue and l.policy = p_policy and l.uses = w.uses and l.labels = w.labels
        and l.limits = string_to_array(w.limits, e'\n') and l.priority = w.priority and l.always = w.always)
    order by 3, 4, 5, 6, 7  -- so that two submits don't wait for each other
    on conflict do nothing
    returning lane_id
  )
  select array_agg(lane_id) into v_new from made;

  if v_new is not null then
    select limit_name into v_unknown
    from holdfast.lane l cross join unnest(l.limits) limit_name
    where l.lane_id = any (v_new)
      and not exists (select from holdfast.named_limit n where n.name = limit_name)
    limit 1;
    if found then
      perform holdfast.refuse(
        format('limit %L is not defined', v_unknown), format('select holdfast.set_limit(%L, 4)', v_unknown), 'HF002');
    end if;

    insert into holdfast.worker_lane (worker_id, lane_id)
    select w.worker_id, l.lane_id
    from holdfast.lane l join holdfast.worker w on holdfast.fits(w, l)
    where l.lane_id = any (v_new) and w.state in ('active', 'draining')
    on conflict do nothing;
  end if;

  if v_aged then
    -- Whoever has one of them locked notes the same.
    update holdfast.lane l set used_on = current_date
    where l.lane_id in (
      select o.lane_id
      from unnest(v_uses, v_labels, v_limits, v_priorities, v_always) w(uses, labels, limits, priority, always)
      join holdfast.lane o
        on o.queue = p_queue and o.policy = p_policy and o.uses = w.uses and o.labels = w.labels
        and o.limits = string_to_array(w.limits, e'\n') and o.priority = w.priority and o.always = w.always
      where o.used_on < current_date
      for update of o skip locked);
  end if;

  select array_agg(l.lane_id order by w.i)
  into v_ids
  from unnest(v_uses, v_labels, v_limits, v_priorities, v_always) with ordinality w(uses, labels, limits, priority, always, i)
  join holdfast.lane l
    on l.queue = p_queue and l.policy = p_policy and l.uses = w.uses and l.labels = w.labels
    and l.limits = string_to_array(w.limits, e'\n') and l.priority = w.priority and l.always = w.always;
  return v_ids;
end
$$;

comment on function holdfast.lane_ids(jsonb[], text, text, smallint) is
  'Lanes of step bodies; a lane is made when its first step is submitted.';
