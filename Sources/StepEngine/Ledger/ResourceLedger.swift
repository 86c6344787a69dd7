public import JSON
public import PostgresClient

/// The ledger of outside objects, for step kinds and the janitor.
///
/// Before a kind makes anything outside (a snapshot, a clone, a pod, a lock), it writes the intent under a name that
/// follows from run and step alone; a retry finds what an earlier attempt made instead of making a second.
public struct ResourceLedger: Sendable {
  /// An outside object, as the ledger knows it.
  public struct Entry: Sendable, Equatable {
    /// The ledger's number of it.
    public let id: Int64
    /// What it is: snapshot, clone, pod, lock …
    public let kind: String
    /// Who makes and releases it; may be empty.
    public let driver: String
    /// Its name outside, which follows from run and step.
    public let name: String
    /// The step that meant to make it.
    public let step: StepID
    /// Whether some attempt has said that it exists; false: only the intent is known, look for it.
    public let exists: Bool
    /// Whether an earlier attempt may have made it; false: there can be none yet.
    public let isKnown: Bool
    /// What its release needs.
    public let detail: JSONValue?

    /// Whether it is left over from before the run was retried: what is there of it has to be removed before it is made.
    public var isStale: Bool { detail?["stale"] == true }

    /// Whether it was handed over, as to a restore point: nobody but its new owner removes it.
    public var isKept: Bool { detail?["keep"] == true }
  }

  private let pool: PostgresPool

  /// A ledger whose calls borrow connections from `pool`.
  public init(pool: PostgresPool) { self.pool = pool }

  /// Writes that `step` is about to make an object; returns what an earlier attempt left under that name.
  /// - Throws: `StoreError`: `.staleFence` if another attempt holds the step, `.wrongState` if the object is another run's, `.busy`
  ///   while a janitor removes what there was of it.
  public func intend(
    _ step: HeldStep, kind: String, driver: String, name: String, detail: JSONValue? = nil
  ) async throws(StoreError) -> Entry {
    let rows = try await query(
      "select resource_id, state = 'exists', state <> 'new', detail from holdfast.resource_intend($1, $2, $3, $4, $5, $6)",
      [
        .int64(step.id.value), .int64(step.fence.value), .text(kind), .text(driver), .text(name),
        detail.map { .jsonb($0.text) } ?? .null,
      ])
    return try read { () throws(PostgresError) in
      let row = try rows.single()
      return Entry(
        id: try row.int64(0), kind: kind, driver: driver, name: name, step: step.id, exists: try row.bool(1),
        isKnown: try row.bool(2), detail: try row.optionalString(3).flatMap { try? JSONValue(parsing: $0) })
    }
  }

  /// The object exists now; `detail` is what releasing it will need, never a secret.
  public func made(_ entry: Entry, by step: HeldStep, detail: JSONValue? = nil) async throws(StoreError) {
    _ = try await query(
      "select holdfast.resource_made($1, $2, $3, $4)",
      [.int64(step.id.value), .int64(step.fence.value), .int64(entry.id), detail.map { .jsonb($0.text) } ?? .null])
  }

  /// The object is gone. Safe to repeat.
  public func released(_ entry: Entry) async throws(StoreError) {
    _ = try await query("select holdfast.resource_released($1)", [.int64(entry.id)])
  }

  /// A janitor is about to release what an ended run left behind, and will be done within `limit`.
  /// - Returns: false if it must not, since the run is live again or another janitor is at it.
  func sweep(_ entry: Entry, within limit: Duration) async throws(StoreError) -> Bool {
    let rows = try await query(
      "select holdfast.resource_sweep($1, make_interval(secs => $2))", [.int64(entry.id), .double(limit / .seconds(1))])
    return try read { () throws(PostgresError) in try rows.single().bool(0) }
  }

  /// The janitor could not release it, and leaves it for now.
  func leave(_ entry: Entry) async throws(StoreError) {
    _ = try await query("select holdfast.resource_sweep($1, null)", [.int64(entry.id)])
  }

  /// The janitor `name` has released what an ended run left behind. Safe to repeat.
  func swept(_ entry: Entry, by name: String) async throws(StoreError) {
    _ = try await query("select holdfast.resource_swept($1, $2)", [.int64(entry.id), .text(name)])
  }

  /// Objects of a kind that no live run owns and nothing keeps: what the janitor releases, oldest first.
  /// - Parameters:
  ///   - node: Only objects of this node (`detail.node`) and those without one; nil: of any.
  ///   - after: Only objects that are newer than the one of this number.
  public func toRelease(
    kind: String, driver: String? = nil, node: String? = nil, after: Int64 = 0, limit: Int = 100
  ) async throws(StoreError) -> [Entry] {
    let rows = try await query(
      """
      select resource_id, kind, driver, name, step_id, state = 'exists', detail
      from holdfast.resources_to_release($1, $2, $3, $4, $5)
      """,
      [
        .text(kind), driver.map { .text($0) } ?? .null, .int32(Int32(clamping: limit)),
        node.map { .text($0) } ?? .null, .int64(after),
      ])
    return try read { () throws(PostgresError) in
      var entries: [Entry] = []
      for row in rows {
        entries.append(
          Entry(
            id: try row.int64(0), kind: try row.string(1), driver: try row.string(2), name: try row.string(3),
            step: StepID(try row.int64(4)), exists: try row.bool(5), isKnown: true,
            detail: try row.optionalString(6).flatMap { try? JSONValue(parsing: $0) }))
      }
      return entries
    }
  }

  /// Tells which objects drivers have on a node; those that the ledger does not know are reported to people from now on, those that
  /// are gone no more.
  /// - Parameters:
  ///   - volumes: all volumes that the node reaches: `[{"application", "volume", "driver", "objects": [{"kind", "name", "bytes":
  ///     number or null, "createdAt": seconds since 1970 or null}]}]`; without `objects` for one that could not be looked at.
  ///   - age: how long ago the look at the first of them began.
  /// - Returns: how many unknown objects nobody had seen before.
  public func reportUnknown(
    _ volumes: JSONValue, on node: String, lookedFor age: Duration
  ) async throws(StoreError) -> Int {
    let rows = try await query(
      "select holdfast.report_unknown($1, $2, $3)",
      [.text(node), .jsonb(volumes.text), .double(age / .seconds(1))])
    return try read { () throws(PostgresError) in Int(try rows.single().int32(0)) }
  }

  private func query(_ sql: String, _ parameters: [PostgresValue]) async throws(StoreError) -> PostgresRows {
    do { return try await pool.withConnection { try await $0.query(sql, parameters) } } catch let error as PostgresError
    {
      throw StoreError(error)
    } catch {
      throw StoreError(.rejected, "\(error)")
    }
  }

  private func read<T>(_ body: () throws(PostgresError) -> T) throws(StoreError) -> T {
    do { return try body() } catch { throw StoreError(error) }
  }
}
