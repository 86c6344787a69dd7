import JSON
import PostgresClient
import StepEngine
import TestSupport

extension Engine {
  /// Runs one statement and returns its rows as text, NULL as "∅".
  @discardableResult
  func rows(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> [[String]] {
    try await pool.withConnection { connection in
      // As JSON, so that every type comes as text.
      let wrapped = try await connection.query(
        "select to_jsonb(array(select value from jsonb_each_text(to_jsonb(t)) order by key))::text from (\(sql)) t",
        parameters)
      return try wrapped.map { row in
        (try JSONValue(parsing: row.string(0)).array ?? []).map { $0.string ?? "∅" }
      }
    }
  }

  /// The one value that a query gives, as text; "∅" for NULL.
  func value(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> String {
    try await pool.withConnection { connection in
      try await connection.query("select (\(sql))::text", parameters).single().optionalString(0) ?? "∅"
    }
  }

  func int(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int {
    Int(try await value(sql, parameters)) ?? 0
  }

  /// Runs statements.
  func execute(_ sql: String) async throws {
    try await pool.withConnection { try await $0.execute(sql) }
  }

  func set(_ setting: String, _ value: String) async throws {
    try await execute("update holdfast.setting set value = '\(value)' where name = '\(setting)'")
  }

  /// Submits a plan of these steps.
  func submit(
    _ steps: [JSONValue], policy: String = "", key: String? = nil, _ more: [String: JSONValue] = [:]
  ) async throws -> RunID {
    var plan: [String: JSONValue] = ["workflow": "test", "steps": .array(steps)]
    if !policy.isEmpty { plan["policy"] = .string(policy) }
    plan.merge(more) { $1 }
    return try await client.submit(.object(plan), key: key)
  }

  func state(_ run: RunID) async throws -> String {
    try await value("select state from holdfast.run where run_id = $1", [.int64(run.value)])
  }

  func failure(_ run: RunID) async throws -> String {
    try await value("select failure from holdfast.run where run_id = $1", [.int64(run.value)])
  }

  /// Waits until a run is over, and returns how it ended.
  @discardableResult
  func end(of run: RunID, within limit: Duration = .seconds(60)) async throws -> String {
    do {
      try await eventually(within: limit, "the end of run \(run)") {
        try await value("select finished_at is not null from holdfast.run where run_id = $1", [.int64(run.value)])
          == "true"
      }
    } catch {
      throw TestSupportError("run \(run) did not end: \(try await states(run))")
    }
    return try await state(run)
  }

  /// Where each step of a run is: blocked, ready, leased, parked, or the last word of its history.
  func states(_ run: RunID) async throws -> [String: String] {
    let rows = try await rows(
      """
      select s.name as a, coalesce(
        (select 'ready' from holdfast.ready r where r.step_id = s.step_id),
        (select 'leased' from holdfast.lease l where l.step_id = s.step_id),
        (select 'parked' from holdfast.parked p where p.step_id = s.step_id),
        (select a.state::text from holdfast.attempt a where a.step_id = s.step_id order by a.fence desc limit 1),
        'blocked') as b
      from holdfast.step s where s.step_id between $1::bigint << 20 and ($1::bigint << 20) + 1048575
      order by s.step_id
      """, [.int64(run.value)])
    return Dictionary(rows.map { ($0[0], $0[1]) }, uniquingKeysWith: { "\($0)+\($1)" })
  }

  /// Waits until the steps named here are in these states.
  func wait(for wanted: [String: String], in run: RunID, within limit: Duration = .seconds(60)) async throws {
    var seen: [String: String] = [:]
    do {
      try await eventually(within: limit) {
        seen = try await states(run)
        return wanted.allSatisfy { seen[$0.key] == $0.value }
      }
    } catch {
      throw TestSupportError("waited for \(wanted), but it is \(seen)")
    }
  }

  /// The history of one step: the states of its attempts, in order.
  func history(_ name: String, in run: RunID) async throws -> [String] {
    try await rows(
      """
      select a.state from holdfast.step s join holdfast.attempt a on a.step_id = s.step_id
      where s.step_id between $1::bigint << 20 and ($1::bigint << 20) + 1048575 and s.name = $2 order by a.fence
      """, [.int64(run.value), .text(name)]
    ).map { $0[0] }
  }

  /// The last message in a step's history.
  func message(_ name: String, in run: RunID) async throws -> String {
    try await value(
      """
      select a.message from holdfast.step s join holdfast.attempt a on a.step_id = s.step_id
      where s.step_id between $1::bigint << 20 and ($1::bigint << 20) + 1048575 and s.name = $2
      order by a.fence desc limit 1
      """, [.int64(run.value), .text(name)])
  }

  func step(_ name: String, in run: RunID) async throws -> StepID {
    StepID(
      Int64(
        try await int(
          "select step_id from holdfast.step where step_id between $1::bigint << 20 and ($1::bigint << 20) + 1048575 and name = $2",
          [.int64(run.value), .text(name)])))
  }

  /// How many rows the tables hold that describe work in progress; all empty once nothing is.
  func leftovers() async throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for table in ["ready", "lease", "parked", "join_counter", "undo", "signal", "stopping_run"] {
      let count = try await int("select count(*) from holdfast.\(table)")
      if count > 0 { counts[table] = count }
    }
    return counts
  }
}

/// A `noop` step, or one of another kind.
func step(
  _ name: String, _ uses: String = "noop", needs: [String] = [], _ more: [String: JSONValue] = [:]
) -> JSONValue {
  var members: [String: JSONValue] = ["name": .string(name), "uses": .string(uses)]
  if !needs.isEmpty { members["needs"] = .array(needs.map { .string($0) }) }
  members.merge(more) { $1 }
  return .object(members)
}

/// A `noop` step with more to it.
func step(_ name: String, _ more: [String: JSONValue]) -> JSONValue { step(name, "noop", more) }

/// A group over the list at `path`.
func group(
  _ name: String, over path: String, needs: [String] = [], _ steps: [JSONValue], _ more: [String: JSONValue] = [:]
) -> JSONValue {
  var members: [String: JSONValue] = [
    "name": .string(name), "forEach": .string(path), "as": "item", "steps": .array(steps),
  ]
  if !needs.isEmpty { members["needs"] = .array(needs.map { .string($0) }) }
  members.merge(more) { $1 }
  return .object(members)
}

/// What a store's call threw; nil if nothing.
func storeError(_ body: () async throws -> Void) async -> StoreError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? StoreError ?? StoreError(.rejected, "another type of error: \(error)")
  }
}
