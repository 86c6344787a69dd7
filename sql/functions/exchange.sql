-- A worker's one call: reports finished steps, renews its leases, and takes new steps; one transaction, one commit.
--
-- p_steps, p_fences: what is reported, with the fence of each claim
-- p_outcomes: null (all succeeded), or for each succeeded | skipped | failed | wait | returned | cancelled
-- p_details: null, or for each null, the outputs (succeeded) or what settle.sql describes
-- p_want: how many steps to take; p_idle: true if the worker has slots free, found too little at its last call and listens on channel
--   holdfast_worker_ID, where it is then told as soon as there is something
-- p_mark_lanes, p_marks, p_after_lane: see claim; leave them out if in doubt
--
-- Rows, by what:
--   step     a step that is now leased to the worker
--   stale    a report that was refused, since the lease is no longer the worker's: forget that step
--   retire   the worker is not registered any more, or was taken for lost: stop all steps, register again
create or replace function holdfast.exchange(
  p_worker int, p_steps bigint[] default '{}', p_fences bigint[] default '{}', p_outcomes text[] default null,
  p_details jsonb[] default null, p_want int default 0, p_idle boolean default false,
  p_mark_lanes int[] default '{}', p_marks bigint[] default '{}', p_after_lane int default 0
) returns table (
  what text, step_id bigint, fence bigint, lane_id int, seq bigint, body_id bigint, uses text, name text, attempt int,
  wakes int, time_limit_ms bigint, item jsonb, context jsonb, payload jsonb
)
language plpgsql security definer set search_path = holdfast, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
as $$
#variable_conflict use_column
declare
  v_state text;
  v_renew boolean;
  v_done bigint[];
  v_freed int[];  -- lanes whose limits have room again
  v_limit int;
  v_rest record;
  v_claimed int := 0;
begin
  if cardinality(p_steps) > 0 then
    if p_outcomes is null and p_details is null then
      -- By an array and not by a join, which the planner may make a walk over all leases for each report.
      with gone as (
        delete from lease l
        where l.step_id = any (p_steps) and l.fence = p_fences[array_position(p_steps, l.step_id)]
          and l.worker_id = p_worker
        returning l.step_id, l.fence, l.started_at, l.lane_id, l.limited
      ), kept as (
        insert into attempt (step_id, fence, state, worker_id, started_at)
        select g.step_id, g.fence, 'succeeded', p_worker, g.started_at from gone g
      )
      select array_agg(g.step_id), array_agg(distinct g.lane_id) filter (where g.limited)
      into v_done, v_freed from gone g;
    else
      v_limit := setting('output_limit_bytes')::int;
      with report as materialized (
        select r.step_id, r.fence, coalesce(r.outcome, 'succeeded') as outcome, r.detail
        from unnest(p_steps, p_fences, p_outcomes, p_details) r(step_id, fence, outcome, detail)
        where coalesce(r.outcome, 'succeeded') in ('succeeded', 'skipped')
          and (r.detail is null or octet_length(r.detail::text) <= v_limit)
      ), gone as (
        delete from lease l
        where l.step_id = any (array(select r.step_id from report r))
          and l.fence = p_fences[array_position(p_steps, l.step_id)] and l.worker_id = p_worker
        returning l.step_id, l.fence, l.started_at, l.lane_id, l.limited, array_position(p_steps, l.step_id) as i
      ), kept as (
        insert into attempt (step_id, fence, state, worker_id, started_at, outputs)
        select g.step_id, g.fence, coalesce(p_outcomes[g.i], 'succeeded')::attempt_state, p_worker, g.started_at, p_details[g.i]
        from gone g
      )
      select array_agg(g.step_id), array_agg(distinct g.lane_id) filter (where g.limited)
      into v_done, v_freed from gone g;

      -- What was skipped at its first claim has done nothing that could be undone.
      if 'skipped' = any (p_outcomes) then
        delete from undo u
        where u.step_id = any (v_done) and p_outcomes[array_position(p_steps, u.step_id)] = 'skipped'
          and u.fence = p_fences[array_position(p_steps, u.step_id)];
      end if;
    end if;

    -- Everything else, one by one: failures and waits are rare, stale reports more so.
    if cardinality(v_done) is distinct from cardinality(p_steps) then
      if 'failed' = any (p_outcomes) then
        -- What these write to, in one order for all, so that two exchanges never wait for each other in a circle.
        perform from run r
        where r.run_id = any (array(
          select f.step_id >> 20 from unnest(p_steps, p_outcomes) f(step_id, outcome) where f.outcome = 'failed'))
        order by r.run_id for update;
        perform from join_counter j
        where j.step_id = any (array(
          select (s.step_id & ~1048575::bigint) | (c.code >> 3)
          from unnest(p_steps) d(step_id)
          cross join lateral (select i.step_id, i.children from step i where i.step_id = d.step_id limit 1) s
          cross join lateral unnest(s.children) c(code)
          where c.code & 1 = 1))
        order by j.step_id for update;
      end if;
      for v_rest in
        select r.step_id, r.fence, r.outcome, r.detail
        from unnest(p_steps, p_fences, p_outcomes, p_details) r(step_id, fence, outcome, detail)
        where v_done is null or r.step_id <> all (v_done)
        order by r.step_id
      loop
        if coalesce(v_rest.outcome, 'succeeded') in ('succeeded', 'skipped') and octet_length(v_rest.detail::text) > v_limit then
          v_rest.detail := jsonb_build_object('class', 'permanent', 'message', format(
            'its outputs are %s bytes, over the limit of %s; store large data elsewhere and put out where',
            octet_length(v_rest.detail::text), v_limit));
          v_rest.outcome := 'failed';
        end if;
        if coalesce(v_rest.outcome, 'succeeded') in ('succeeded', 'skipped')
          or not settle(v_rest.step_id, v_rest.fence, p_worker, v_rest.outcome, v_rest.detail)
        then
          what := 'stale';
          step_id := v_rest.step_id;
          fence := v_rest.fence;
          return next;
        end if;
      end loop;
    end if;

    if v_done is not null then
      if exists (select from step_progress) then
        delete from step_progress p where p.step_id = any (v_done);
      end if;
      perform complete(v_done, array_fill(true, array[cardinality(v_done)]));
    end if;
  end if;

  select w.state, w.expires_at - now() < w.lease * 0.7 into v_state, v_renew
  from worker w where w.worker_id = p_worker;
  if v_state is null or v_state in ('lost', 'stopped') then
    what := 'retire';
    step_id := null;
    fence := null;
    return next;
    return;
  end if;
  if v_renew then
    -- The state is asked for again: tick may have taken this worker for lost in between.
    update worker w set expires_at = now() + w.lease, seen_at = now()
    where w.worker_id = p_worker and w.state in ('active', 'draining');
    if not found then
      what := 'retire';
      step_id := null;
      fence := null;
      return next;
      return;
    end if;
  end if;

  if p_want > 0 and v_state = 'active' then
    if p_idle then
      -- Before the look, so that whoever makes steps ready after the look sees this worker waiting.
      -- Neither here nor below may this wait for a transaction that is taking the worker off the list: that one may wait for
      -- steps or limits of ours. If it is under way, its notification will come.
      insert into idle_worker (worker_id) select p_worker where not exists (select from idle_worker i where i.worker_id = p_worker)
      on conflict do nothing;
    end if;
    return query
    select 'step', c.* from claim(p_worker, least(p_want, 1000), p_mark_lanes, p_marks, p_after_lane) c;
    get diagnostics v_claimed = row_count;
    if p_idle and v_claimed > 0 then
      delete from idle_worker i where i.worker_id in (
        select k.worker_id from idle_worker k where k.worker_id = p_worker for update skip locked);
    end if;
  end if;

  if v_freed is not null then
    -- What this worker left of the room, others may be waiting for in lanes of their own.
    perform wake((
      select array_agg(o.lane_id)
      from lane l join lane o on o.limits && l.limits
      where l.lane_id = any (v_freed) and exists (select from ready r where r.lane_id = o.lane_id)));
  end if;
end
$$;

comment on function holdfast.exchange(int, bigint[], bigint[], text[], jsonb[], int, boolean, int[], bigint[], int) is
  'Reports finished steps, renews the worker''s leases and takes new steps, in one transaction.';
