public import JSON
public import PostgresClient
internal import Schedules

/// What people and programs ask of the engine: submit, cancel, retry, signal, pause … over a pool of connections.
///
/// Each call is one transaction. After `.outcomeUnknown` ask what became of it; a submit with a key can simply be repeated.
public struct EngineClient: Sendable {
  private let pool: PostgresPool

  /// A client whose calls borrow connections from `pool`.
  public init(pool: PostgresPool) { self.pool = pool }

  /// Starts a run of a plan (its form: sql/functions/submit.sql). The same `key` gives the same run.
  /// - Throws: `StoreError`: `.invalid` with one sentence for the plan's first mistake; then nothing of it is kept.
  public func submit(_ plan: JSONValue, key: String? = nil, parent: StepID? = nil) async throws(StoreError) -> RunID {
    let row = try await call(
      "select holdfast.submit($1, $2, $3)",
      [.jsonb(plan.text), key.map { .text($0) } ?? .null, parent.map { .int64($0.value) } ?? .null])
    return RunID(row)
  }

  /// What has become of a run.
  public struct RunStatus: Sendable, Equatable {
    /// running | cancelling | undoing | succeeded | failed | cancelled
    public let state: String
    /// Its first failure, or why it was stopped.
    public let failure: String?
    /// Whether all is done, undoing included.
    public let isOver: Bool
  }

  /// The state of a run; nil if there is none of that number (any more).
  public func status(of run: RunID) async throws(StoreError) -> RunStatus? {
    try await query("select state, failure, is_over from holdfast.run_state($1)", [.int64(run.value)]) { row in
      RunStatus(state: try row.string(0), failure: try row.optionalString(1), isOver: try row.bool(2))
    }.first
  }

  /// Cancels a run, with its reason; false if it is over already.
  public func cancel(_ run: RunID, reason: String) async throws(StoreError) -> Bool {
    try await call("select holdfast.cancel($1, $2)::int::int8", [.int64(run.value), .text(reason)]) == 1
  }

  /// Ends those steps of a run that is being cancelled or undone which are done in any case (always, undo) but that no living
  /// worker can do; returns how many.
  public func giveUp(_ run: RunID) async throws(StoreError) -> Int {
    Int(try await call("select holdfast.give_up($1)::int8", [.int64(run.value)]))
  }

  /// Repeats what did not succeed in a run that is over, or everything from `step` on; returns how many steps.
  public func retry(_ run: RunID, from step: String? = nil) async throws(StoreError) -> Int {
    Int(try await call("select holdfast.retry($1, $2)::int8", [.int64(run.value), step.map { .text($0) } ?? .null]))
  }

  /// Repeats a run that a step started, if it is over and had begun before that step was last reopened. Returns whether
  /// its end is still to come; if not, it began after that, and the step ends as it did.
  public func retryChild(_ run: RunID) async throws(StoreError) -> Bool {
    try await call("select holdfast.retry_child($1)::int::int8", [.int64(run.value)]) == 1
  }

  /// Sends a signal to a run; returns how many steps it woke. If none waits for it yet, it is kept for the first that will.
  public func signal(_ run: RunID, _ name: String, payload: JSONValue = .null) async throws(StoreError) -> Int {
    Int(
      try await call(
        "select holdfast.signal($1, $2, $3)::int8", [.int64(run.value), .text(name), .jsonb(payload.text)]))
  }

  /// What can be paused.
  public enum PauseScope: String, Sendable, CaseIterable {
    case queue, policy
  }

  /// Pauses a queue or a policy: what runs goes on, nothing new is taken but what a run that has begun does in any case.
  public func pause(_ scope: PauseScope, _ name: String, reason: String) async throws(StoreError) {
    _ = try await call(
      "select 1::int8 from holdfast.pause($1, $2, $3)", [.text(scope.rawValue), .text(name), .text(reason)])
  }

  /// Ends a pause; false if there was none.
  public func resume(_ scope: PauseScope, _ name: String) async throws(StoreError) -> Bool {
    try await call("select holdfast.resume($1, $2)::int::int8", [.text(scope.rawValue), .text(name)]) == 1
  }

  /// Defines a limit or changes its capacity; nil removes it.
  public func setLimit(_ name: String, _ capacity: Int?) async throws(StoreError) {
    _ = try await call(
      "select 1::int8 from holdfast.set_limit($1, $2)",
      [.text(name), capacity.map { .int32(Int32(clamping: $0)) } ?? .null])
  }

  /// Whether somebody has defined this limit.
  public func hasLimit(_ name: String) async throws(StoreError) -> Bool {
    try await call("select holdfast.is_limit($1)::int::int8", [.text(name)]) == 1
  }

  /// Creates or changes a policy that runs on a schedule.
  /// - Throws: `StoreError`: `.invalid` if the schedule or the plan can't be followed.
  public func putPolicy(
    _ name: String, schedule: JSONValue, plan: JSONValue, enabled: Bool = true
  ) async throws(StoreError) {
    do { _ = try ScheduleRules(json: schedule) } catch {
      throw StoreError(.invalid, "policy \(name): \(error)")
    }
    _ = try await call(
      "select 1::int8 from holdfast.put_policy($1, $2, $3, $4)",
      [.text(name), .jsonb(schedule.text), .jsonb(plan.text), .bool(enabled)])
  }

  /// Removes a policy's schedule; false if there was none.
  public func dropPolicy(_ name: String) async throws(StoreError) -> Bool {
    try await call("select holdfast.drop_policy($1)::int::int8", [.text(name)]) == 1
  }

  /// A document that is in force, whole (`apiVersion`, `kind`, `metadata`, `spec`); nil if there is none of this name.
  /// - Parameter kind: workflow | policy | profile | application
  public func document(kind: String, name: String) async throws(StoreError) -> JSONValue? {
    try await query(
      "select c from holdfast.document_content($1, $2) c where c is not null", [.text(kind), .text(name)]
    ) { try JSONValue(parsing: $0.string(0)) }.first
  }

  /// All documents of a kind that are in force, whole, by name.
  /// - Parameter kind: workflow | policy | profile | application
  public func documents(kind: String) async throws(StoreError) -> [JSONValue] {
    try await query("select content from holdfast.documents_of($1)", [.text(kind)]) { row in
      try JSONValue(parsing: row.string(0))
    }
  }

  /// The server's process that answers now, by its number on the server's machine.
  public func serverProcess() async throws(StoreError) -> Int32 {
    Int32(truncatingIfNeeded: try await call("select pg_backend_pid()::int8", []))
  }

  /// Runs a function of the protocol that returns one number.
  /// Notes how long the step's run has had a filesystem frozen; the first that a run says of a path counts.
  /// - Parameter endedBy: what thawed it: worker, deadline, guard, worker-died or other.
  public func noteFreeze(
    of path: String, on node: String, frozenFor duration: Duration, endedBy: String, by step: HeldStep
  ) async throws(StoreError) {
    _ = try await query(
      "select holdfast.note_freeze($1, $2, $3, $4, $5, $6)",
      [
        .int64(step.id.value), .int64(step.fence.value), .text(node), .text(path),
        .int64(Int64((duration / .milliseconds(1)).rounded())), .text(endedBy),
      ]
    ) { _ in true }
  }

  /// The names of the hosts on which workers run or ran, as far as they are remembered.
  public func workerHosts() async throws(StoreError) -> Set<String> {
    Set(try await query("select unnest(holdfast.worker_hosts())", []) { try $0.string(0) })
  }

  private func call(_ sql: String, _ parameters: [PostgresValue]) async throws(StoreError) -> Int64 {
    let rows = try await query(sql, parameters) { try $0.int64(0) }
    guard let value = rows.first else { throw StoreError(.rejected, "'\(sql)' returned nothing") }
    return value
  }

  private func query<Value: Sendable>(
    _ sql: String, _ parameters: [PostgresValue], _ read: @Sendable (PostgresRow) throws -> Value
  ) async throws(StoreError) -> [Value] {
    do {
      return try await pool.withConnection { connection in try await connection.query(sql, parameters).map(read) }
    } catch let error as PostgresError {
      throw StoreError(error)
    } catch {
      throw StoreError(.rejected, "\(error)")
    }
  }
}
