internal import PostgresClient

/// Looks whether what is to be done can be done: workers, step kinds, pauses, policies.
struct EngineChecks {
  let connection: PostgresConnection

  func findings() async -> [Finding] {
    await [workers(), kinds(), pauses(), policies()].flatMap { $0 }
  }

  private func workers() async -> [Finding] {
    await check("workers") {
      let rows = try await connection.query(
        """
        select name, silent_for > (lease_ends_at - last_seen_at) * 0.7, extract(epoch from silent_for)::int8
        from holdfast.worker_status where state in ('active', 'draining') order by name
        """)
      let silent = try rows.filter { try $0.bool(1) }.map { ("\(try $0.string(0))", try $0.int64(2)) }
      if rows.isEmpty {
        return [
          .warning("workers", "no worker lives, so nothing is done", "start one: 'holdfast worker' or 'holdfast up'")
        ]
      }
      if silent.isEmpty {
        return [.ok("workers", "\(rows.count) \(rows.count == 1 ? "lives" : "live"), and all were heard of lately")]
      }
      return silent.map { name, seconds in
        .warning(
          "workers", "worker \(name) was not heard of for \(seconds) s",
          "look at its log and its way to the database; its steps go to others when its lease ends")
      }
    }
  }

  private func kinds() async -> [Finding] {
    await check("step kinds") {
      let rows = try await connection.query(
        """
        select k.uses, coalesce(q.waiting, 0)::int8
        from holdfast.step_kind k
        left join (select uses, sum(ready) as waiting from holdfast.queue_depth group by uses) q using (uses)
        where not exists (
          select from holdfast.worker_status w where w.state = 'active' and k.uses = any (w.kinds))
        order by k.uses
        """)
      if rows.isEmpty { return [.ok("step kinds", "each known one has a worker")] }
      return try rows.map { row in
        let (kind, waiting) = (try row.string(0), try row.int64(1))
        let remedy = "start a worker that does '\(kind)' (see 'holdfast worker --kinds')"
        return waiting == 0
          ? .warning("step kinds", "no worker does '\(kind)'", remedy)
          : .problem("step kinds", "no worker does '\(kind)', and \(waiting) steps wait for one", remedy)
      }
    }
  }

  private func pauses() async -> [Finding] {
    await check("pauses") {
      let rows = try await connection.query("select scope, name, reason from holdfast.pause order by scope, name")
      if rows.isEmpty { return [.ok("pauses", "no queue and no policy is paused")] }
      return try rows.map { row in
        let (scope, name, reason) = (try row.string(0), try row.string(1), try row.string(2))
        return .warning(
          "pauses", "\(scope) \(name) is paused" + (reason.isEmpty ? "" : ": \(reason)"),
          "when it may go on: holdfast resume \(scope) \(name)")
      }
    }
  }

  private func policies() async -> [Finding] {
    await check("policies") {
      let rows = try await connection.query(
        "select policy, problem from holdfast.schedule_status where problem is not null order by policy")
      if rows.isEmpty { return [.ok("policies", "every schedule can be followed")] }
      return try rows.map { row in
        .problem(
          "policies", "policy \(try row.string(0)) can't be scheduled: \(try row.string(1).withoutEnd)",
          "correct the policy or what it names; it is tried again by itself")
      }
    }
  }
}
