internal import PostgresClient

/// What the pictures of a run ask the database. Views only: a reader's rights are enough.
enum RunStatements {
  /// $1: the run. Itself first, then the live runs that its steps have started.
  static let headers = PostgresStatement(
    """
    select
      r.run_id, r.workflow, r.policy, r.queue, r.state, r.submitted_at, r.started_at, r.finished_at, r.deadline_at,
      r.failure, r.stop_reason, r.params, r.parent_run_id, r.parent_step_id, r.steps_total, r.steps_succeeded,
      r.steps_failed, r.steps_skipped, r.steps_omitted, r.steps_cancelled, r.steps_running, r.steps_ready,
      r.steps_waiting, r.steps_blocked, now()
    from holdfast.run_status r where r.run_id = $1
    union all
    select
      r.run_id, r.workflow, r.policy, r.queue, r.state, r.submitted_at, r.started_at, r.finished_at, r.deadline_at,
      r.failure, r.stop_reason, null, r.parent_run_id, r.parent_step_id, r.steps_total, r.steps_succeeded,
      r.steps_failed, r.steps_skipped, r.steps_omitted, r.steps_cancelled, r.steps_running, r.steps_ready,
      r.steps_waiting, r.steps_blocked, now()
    from holdfast.run_status r
    where r.finished_at is null and r.parent_step_id between ($1 << 20) + 1 and ($1 << 20) + 1048575
    """)

  /// $1: the run, $2: every step, $3: steps that ended since then, too, $4: at most so many steps outside of
  /// groups, and as many instances.
  ///
  /// Without $2 these are the steps outside of groups and, of groups, those in which something happens or went wrong;
  /// none of before a retry. The rows without a step_id count the items of each group by their state; the one without a
  /// name counts the steps outside.
  static let steps = PostgresStatement(
    """
    with step as materialized (
      select
        s.*, strpos(s.name, '[') > 0 and s.name !~ '^(undo|old):' as is_instance,
        case
          when s.state in ('failed', 'quarantined') then 1
          when s.state = 'running' then 2
          when s.state = 'waiting' then 3
          when s.state = 'ready' then 4
          when s.state = 'blocked' then 5
          when s.state = 'cancelled' then 6
          when s.state = 'omitted' then 7
          else 8
        end as rank
      from holdfast.run_step s
      where s.run_id = $1 and ($2 or s.name not like 'old:%')
    ), shown as materialized (
      select c.*
      from (
        select s.*, row_number() over (partition by s.is_instance order by s.rank, s.step_id) as place
        from step s
        where $2 or not s.is_instance or s.rank < 5 or s.finished_at >= $3
      ) c
      where c.place <= $4
    ), item as (
      select
        split_part(s.name, '[', 1) as name, split_part(split_part(s.name, '[', 2), ']', 1) as number, min(s.rank) as rank,
        min(s.started_at) as started_at, max(s.finished_at) as finished_at
      from step s
      where s.is_instance
      group by 1, 2
    )
    select
      s.step_id, s.name, s.uses, s.state, s.attempt, s.max_attempts, s.worker, s.since, s.started_at, s.finished_at,
      coalesce(left(s.reason, 2000), w.reason) as reason, w.waits_for, s.wake_at, s.signal, s.deadline_at, s.time_limit_at,
      case when pg_column_size(s.item) < 2000 then s.item end as item, s.is_group, s.is_always, s.labels, s.limits,
      null::bigint as count, s.progress
    from shown s
    left join holdfast.waiting w
      on w.run_id = $1 and w.waits_for <> 'need' and w.step_id = s.step_id and s.state = 'ready'
    union all
    select
      null, i.name, null,
      case i.rank
        when 1 then 'failed' when 2 then 'running' when 3 then 'waiting' when 4 then 'ready' when 5 then 'blocked'
        when 6 then 'cancelled' when 7 then 'omitted' else 'succeeded'
      end,
      null, null, null, null, min(i.started_at), max(i.finished_at), null, null, null, null, null, null, null, null, null, null,
      null, count(*), null
    from item i
    group by i.name, i.rank
    union all
    select
      null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
      null, count(*), null
    from step s
    where not s.is_instance
    """)

  /// $1: the run, $2: the edges to instances of groups, too; without them those to steps outside and to groups as a whole.
  static let needs = PostgresStatement(
    """
    select n.step_id, n.need_id
    from holdfast.step_need n
    where n.run_id = $1 and ($2 or strpos(n.need, '[') = 0)
    """)

  /// $1: the run. What its steps put out, the last word of each.
  static let outputs = PostgresStatement(
    """
    select distinct on (a.step_id) a.step_id, a.outputs
    from holdfast.attempt_log a
    where a.run_id = $1 and a.is_final and a.outputs is not null
    order by a.step_id, a.fence desc
    """)
}

/// What explanations ask beside the run.
enum ExplainStatements {
  static let workers = PostgresStatement(
    """
    select w.name, w.state, w.kinds, w.queues is null, coalesce(w.queues, '{}'), w.labels, w.slots, w.busy, w.last_seen_at, w.lease_ends_at
    from holdfast.worker_status w
    where w.state in ('active', 'draining')
    order by w.name, w.worker_id
    """)

  /// $1: names of limits.
  static let limits = PostgresStatement(
    """
    select u."limit", u.capacity, u.used, h.run_id, h.step, h.worker, h.since
    from holdfast.limit_usage u
    left join lateral jsonb_to_recordset(u.holders) h(run_id bigint, step text, worker text, since timestamptz) on true
    where u."limit" = any ($1)
    order by u."limit", h.since
    """)

  /// $1: the run, $2: the step.
  static let attempts = PostgresStatement(
    """
    select a.state, a.worker, a.started_at, a.finished_at, a.message
    from holdfast.attempt_log a
    where a.run_id = $1 and a.step_id = $2
    order by a.fence
    """)

  /// $1: the run, $2: the step, $3: how many; of the attempt that printed last.
  static let lastLines = PostgresStatement(
    """
    select l.text
    from (
      select g.fence, g.line, g.text
      from holdfast.step_output_log g
      where g.run_id = $1 and g.step_id = $2
        and g.fence = (
          select max(o.fence) from holdfast.step_output_log o where o.run_id = $1 and o.step_id = $2)
      order by g.line desc
      limit $3
    ) l
    order by l.line
    """)
}
