import Foundation
import TestSupport

/// What has to hold of every database of the engine, whatever happened to its processes.
extension Installation {
  /// Each broken rule with the steps or runs that break it; empty if all is well. To be asked when all runs are over.
  func brokenRules() async throws -> [String] {
    var broken: [String] = []
    for (rule, query) in Self.rules {
      let found = try await sql("select * from (\(query)) broken limit 20")
      if !found.isEmpty { broken.append("\(rule): \(found.split(separator: "\n").joined(separator: "; "))") }
    }
    let left = try await leftovers()
    if !left.isEmpty { broken.append("left over: \(left)") }
    return broken + (try await brokenEffects())
  }

  /// Rows that only live runs and workers have.
  func leftovers() async throws -> String {
    let tables = ["lease", "ready", "parked", "join_counter", "undo", "stopping_run", "signal"]
    let counts = tables.map { "select '\($0)' as what, count(*) as n, min(t::text) as example from holdfast.\($0) t" }
    return try await sql(
      "select what, n, example from (\(counts.joined(separator: " union all "))) t where n > 0"
    ).split(separator: "\n").joined(separator: "; ")
  }

  /// Rows of workers that are gone; to be asked after all of them have ended and a lease has passed.
  func workersLeft() async throws -> String {
    try await sql(
      """
      select 'idle_worker', worker_id::text from holdfast.idle_worker
      union all select 'worker_lane', worker_id::text from holdfast.worker_lane
      union all select state, name from holdfast.worker where state in ('active', 'draining')
      """)
  }

  /// A script that switches each policy off once its slots have fired, so many or more: the next minute is to add none.
  ///
  /// Not beside a scheduler's decision, whose new slot would then wait for ever.
  static func switchOffPolicies(after count: Int) -> String {
    """
    do $$ begin
      perform from holdfast.policy where enabled for update;
      update holdfast.policy p set enabled = false
      where enabled and (select count(*) filter (where state = 'fired') >= \(count) and bool_and(state = 'fired')
        from holdfast.policy_slot q where q.policy = p.policy);
    end $$;
    """
  }

  private static let over = "('succeeded', 'failed', 'skipped', 'omitted', 'cancelled', 'quarantined')"

  private static let rules: [(String, String)] = [
    (
      "a step is over more than once, or never",
      """
      select s.step_id, s.name, count(a.step_id) from holdfast.step s
      left join holdfast.attempt a on a.step_id = s.step_id and a.state in \(over)
      group by 1, 2 having count(a.step_id) <> 1
      """
    ),
    (
      "something happened to a step after it was over",
      """
      select a.step_id, a.state, b.state from holdfast.attempt a join holdfast.attempt b using (step_id)
      where a.state in \(over) and b.fence > a.fence
      """
    ),
    (
      "a step was claimed before what it needs was over",
      """
      select s.step_id, s.name, k.step_id from holdfast.step s
      cross join unnest(s.children) c(code)
      join holdfast.attempt p on p.step_id = s.step_id and p.state in \(over)
      join holdfast.attempt k on k.step_id = (s.step_id & ~1048575::bigint) | (c.code >> 3) and k.started_at is not null
      where c.code >> 3 <> 0 and k.fence < p.fence
      """
    ),
    (
      "a run has not ended as its plan wants",
      """
      select run_id, workflow, state, failure from holdfast.run
      where state <> case split_part(workflow, '-', 1) when 'bad' then 'failed' when 'stop' then 'cancelled' else 'succeeded' end
      """
    ),
    (
      "undo does not match what was started",
      """
      select coalesce(d.run, u.run) as run, coalesce(d.name, u.name), d.place as started, u.place as undone
      from (
        select s.step_id >> 20 as run, s.name, row_number() over (partition by s.step_id >> 20 order by min(a.fence) desc) as place
        from holdfast.step s join holdfast.step_body b using (body_id)
        join holdfast.attempt a on a.step_id = s.step_id and a.worker_id is not null
        join holdfast.run r on r.run_id = s.step_id >> 20 and r.state <> 'succeeded'
        where b.has_undo group by s.step_id, s.name
      ) d full join (
        select s.step_id >> 20 as run, substr(s.name, 6) as name, row_number() over (partition by s.step_id >> 20 order by s.step_id) as place
        from holdfast.step s join holdfast.attempt a on a.step_id = s.step_id and a.state = 'succeeded'
        where s.name like 'undo:%'
      ) u on u.run = d.run and u.name = d.name
      where d.place is distinct from u.place
      """
    ),
    (
      "a failure was counted that no plan asks for",
      """
      select s.name, a.state, a.message from holdfast.attempt a join holdfast.step s using (step_id)
      where a.state in ('retrying', 'failed', 'quarantined') and coalesce(a.message, '') not like '%as asked%'
      """
    ),
    (
      "a slot is missing",
      """
      select p.policy, min(q.slot), max(q.slot), count(*) from holdfast.policy p join holdfast.policy_slot q using (policy)
      group by p.policy, p.since
      having min(q.slot) <> p.since + interval '1 min' or count(*) <> extract(epoch from max(q.slot) - p.since) / 60
      """
    ),
    (
      "a slot fired twice, or without a run",
      """
      select policy, slot, state, run_id from holdfast.policy_slot q
      where state <> 'fired' or (select count(*) from holdfast.run r where r.policy = q.policy and r.slot = q.slot) <> 1
      """
    ),
  ]

  /// A program ran at least once if its step succeeded, and at most once for each claim.
  private func brokenEffects() async throws -> [String] {
    let rows = try await sql(
      """
      select s.step_id >> 20, s.name, count(*) filter (where a.state = 'succeeded'), count(a.worker_id)
      from holdfast.step s join holdfast.step_body b using (body_id) join holdfast.attempt a using (step_id)
      where b.uses = 'exec' group by s.step_id, s.name
      """)
    return rows.split(separator: "\n").compactMap { row in
      let fields = row.split(separator: "|").map(String.init)
      guard fields.count == 4, let run = Int(fields[0]), let done = Int(fields[2]), let claims = Int(fields[3]) else {
        return "cannot read '\(row)'"
      }
      let times = timesRun(fields[1], in: run)
      return times >= done && times <= claims
        ? nil : "step \(fields[1]) of run \(run) ran \(times) times, in \(claims) claims and \(done) successes"
    }
  }
}
