internal import JSON
internal import PostgresClient

/// The calls of the SQL protocol that a scheduler makes, on one connection.
final class SchedulerStore {
  private let connection: PostgresConnection

  init(_ connection: sending PostgresConnection) { self.connection = connection }

  var isUsable: Bool { connection.isUsable }

  func lead(as name: String, for time: Duration) async throws(StoreError) -> Bool {
    let rows = try await query("select holdfast.lead('scheduler', $1, $2)", [.text(name), .double(time.seconds)])
    return try read { () throws(PostgresError) in try rows.single().bool(0) }
  }

  /// Gives the lead up, even if the scheduler was cancelled.
  func yieldLead(as name: String) async {
    _ = try? await connection.shielded { _ in
      try await query("select holdfast.yield_lead('scheduler', $1)", [.text(name)])
    }
  }

  func tick() async throws(StoreError) { _ = try await query("select holdfast.tick()", []) }

  func duePolicies() async throws(StoreError) -> [DuePolicy] {
    let rows = try await query(
      """
      select policy, schedule, floor(extract(epoch from now_at))::int8, ceil(extract(epoch from since))::int8,
        decided_through, live_runs,
        array(select extract(epoch from q)::int8 from unnest(queued_slots) q),
        floor(extract(epoch from passed_through))::int8, changed_at
      from holdfast.due_policies()
      """, [])
    return try read { () throws(PostgresError) in
      var policies: [DuePolicy] = []
      for row in rows {
        policies.append(
          DuePolicy(
            name: try row.string(0), schedule: (try? JSONValue(parsing: try row.string(1))) ?? .null,
            now: try row.int64(2), since: try row.int64(3), decidedThroughExactly: try row.timestamp(4),
            live: try row.int64Array(5).map { RunID($0) }, queued: try row.int64Array(6),
            passedThrough: try row.optionalInt64(7), changedAtExactly: try row.timestamp(8)))
      }
      return policies
    }
  }

  /// Writes a decision; returns the runs that it started.
  func write(_ decision: PolicyDecision) async throws(StoreError) -> [(slot: String, run: RunID)] {
    func time(_ seconds: Int64?) -> PostgresValue { seconds.map { .timestamp($0 * 1_000_000) } ?? .null }
    let rows = try await query(
      "select slot::text, run_id from holdfast.decide_slots($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      [
        .text(decision.policy.name), .timestampArray(decision.slots.map { $0.slot * 1_000_000 }),
        .textArray(decision.slots.map(\.state)), .optionalTextArray(decision.slots.map(\.reason)),
        .int64Array(decision.cancel.map(\.value)), time(decision.decidedThrough), time(decision.nextSlot),
        decision.lookAt.map { .timestamp($0 * 1_000_000) } ?? .timestamp(.max),
        .timestamp(decision.policy.decidedThroughExactly), .int64Array(decision.policy.live.map(\.value)),
        .timestamp(decision.policy.changedAtExactly),
      ])
    return try read { () throws(PostgresError) in
      var fired: [(slot: String, run: RunID)] = []
      for row in rows { fired.append((slot: try row.string(0), run: RunID(try row.int64(1)))) }
      return fired
    }
  }

  /// Drops whole days of history that are old enough, one transaction each; returns how many.
  func dropHistory() async throws(StoreError) -> Int {
    var days = 0
    while true {
      let rows = try await query("select cardinality(holdfast.drop_history(p_most => 1))", [])
      let dropped = try read { () throws(PostgresError) in Int(try rows.single().int32(0)) }
      guard dropped > 0 else { return days }
      days += dropped
    }
  }

  /// Notes why a policy can't be scheduled; it is tried again after a pause.
  func problem(_ policy: String, _ sentence: String) async throws(StoreError) {
    _ = try await query("select holdfast.policy_problem($1, $2)", [.text(policy), .text(sentence)])
  }

  private func query(_ sql: String, _ parameters: [PostgresValue]) async throws(StoreError) -> PostgresRows {
    do { return try await connection.query(sql, parameters, until: .now + .seconds(20)) } catch {
      throw StoreError(error)
    }
  }

  private func read<T>(_ body: () throws(PostgresError) -> T) throws(StoreError) -> T {
    do { return try body() } catch { throw StoreError(error) }
  }
}
