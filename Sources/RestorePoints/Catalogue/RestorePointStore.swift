public import JSON
public import PostgresClient
public import ResticFormat
public import StepEngine

/// The catalogue of restore points in PostgreSQL. Each call is one transaction, and safe to repeat.
public struct RestorePointStore: Sendable {
  private let pool: PostgresPool

  /// A catalogue whose calls borrow connections from `pool`.
  public init(pool: PostgresPool) { self.pool = pool }

  /// Records what a run has left of an application, and hands the point's snapshots over to it: the janitor leaves them alone
  /// from now on. A repeat changes nothing; another point of the run, once that was retried, stands beside the earlier.
  /// - Returns: the point's name in the catalogue: another than it has if the run had recorded the same snapshots and exports before, or
  ///   an import had brought the exports back.
  /// - Throws: `StoreError`: `.invalid` if the point can't be one, `.wrongState` if another has its name, or what it has.
  public func record(_ point: RestorePoint, by step: HeldStep) async throws(StoreError) -> String {
    try await call(
      "select holdfast.record_point($1, $2, $3)",
      [.int64(step.id.value), .int64(step.fence.value), .jsonb(point.json.text)]
    ) { row throws(PostgresError) in try row.string(0) }
  }

  /// Takes a point that was found sealed in a repository into the catalogue, as far as it may be believed: without programs, and without
  /// snapshots that the ledger does not know. Nobody retires it before `adopt`. False if there is a point of its name.
  /// - Throws: `StoreError`: `.invalid` if it can't be a point, nothing would be left to restore a volume from, or a point of ours has
  ///   one of its exports.
  public func importPoint(_ point: RestorePoint) async throws(StoreError) -> Bool {
    try await call("select holdfast.import_point($1)", [.jsonb(point.json.text)]) { row throws(PostgresError) in
      try row.bool(0)
    }
  }

  /// Lets this installation's rules decide about the points that were imported from a profile's repository. Returns about how many they
  /// did not before.
  public func adopt(profile: String) async throws(StoreError) -> Int {
    try await call("select holdfast.adopt_points($1)", [.text(profile)]) { row throws(PostgresError) in
      Int(try row.int64(0))
    }
  }

  /// The point of this name, or the last good one of the application of this name; nil if there is none.
  public func point(_ nameOrApplication: String) async throws(StoreError) -> CataloguedPoint? {
    let text = try await call("select holdfast.point($1)", [.text(nameOrApplication)]) { row throws(PostgresError) in
      try row.optionalString(0)
    }
    guard let text else { return nil }
    return try read(text) { json throws(RestorePointError) in try CataloguedPoint(json: json) }
  }

  /// The points that are not retired, newest first; of one application, of one policy, or of any.
  public func points(application: String? = nil, policy: String? = nil) async throws(StoreError) -> [CataloguedPoint] {
    let text = try await call(
      "select holdfast.points_of($1, $2)",
      [application.map { .text($0) } ?? .null, policy.map { .text($0) } ?? .null]
    ) { row throws(PostgresError) in try row.string(0) }
    return try read(text) { json throws(RestorePointError) in
      var points: [CataloguedPoint] = []
      for element in json.array ?? [] { points.append(try CataloguedPoint(json: element)) }
      return points
    }
  }

  /// What PostgreSQL's clock says: ages and ends of points count from there, since a node's own clock may be years ahead.
  public func now() async throws(StoreError) -> Snapshot.Moment {
    let microseconds = try await call("select now()", []) { row throws(PostgresError) in try row.timestamp(0) }
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000)
    return Snapshot.Moment(seconds: seconds, nanoseconds: UInt32(rest * 1000))
  }

  /// Keeps a point (by name, or the last good one of an application) from being retired while the step's run lives, and
  /// returns it.
  /// - Throws: `StoreError`: `.notFound`, or `.wrongState` if it is being retired.
  public func hold(_ nameOrApplication: String, by step: HeldStep) async throws(StoreError) -> CataloguedPoint {
    let text = try await call(
      "select holdfast.hold_point($1, $2, $3)",
      [.int64(step.id.value), .int64(step.fence.value), .text(nameOrApplication)]
    ) { row throws(PostgresError) in try row.string(0) }
    return try read(text) { json throws(RestorePointError) in try CataloguedPoint(json: json) }
  }

  /// Marks what is about to be released, and returns it, with what was marked before and is not gone yet. What must stay is
  /// refused, whatever the decisions say; an export that another point has, too, is left to that one.
  public func beginRetire(_ decisions: [PointDecision], by step: HeldStep) async throws(StoreError) -> Retirement {
    let text = try await call(
      "select holdfast.begin_retire($1, $2, $3)",
      [
        .int64(step.id.value), .int64(step.fence.value),
        .jsonb(JSONValue.array(decisions.filter(\.releasesSomething).map(\.json)).text),
      ]
    ) { row throws(PostgresError) in try row.string(0) }
    return try read(text) { json throws(RestorePointError) in try Retirement(json: json) }
  }

  /// Notes that the snapshot of a point's volume is gone. Returns whether the point is retired by that.
  public func snapshotRetired(point: String, volume: String) async throws(StoreError) -> Bool {
    try await call("select holdfast.snapshot_retired($1, $2)", [.text(point), .text(volume)], bool)
  }

  /// Notes that the export of a point's volume is gone. Returns whether the point is retired by that.
  public func exportRetired(point: String, volume: String) async throws(StoreError) -> Bool {
    try await call("select holdfast.export_retired($1, $2)", [.text(point), .text(volume)], bool)
  }

  /// Ends the retiring of a point of which nothing is left; needed for one that has no volumes. Returns whether it is retired.
  public func pointRetired(_ point: String) async throws(StoreError) -> Bool {
    try await call("select holdfast.point_retired($1)", [.text(point)], bool)
  }

  /// Tells which snapshots drivers have on a node: those of points that are not among them are `missing` until they are seen again.
  /// - Parameters:
  ///   - volumes: all volumes that the node reaches: `[{"application", "volume", "source", "objects": [{"kind", "name"}]}]`; without
  ///     `objects` for one that could not be looked at.
  ///   - age: how long ago the look at the first of them began.
  /// - Returns: how many are missing that were not before.
  public func reportMissing(
    _ volumes: JSONValue, on node: String, lookedFor age: Duration
  ) async throws(StoreError) -> Int {
    try await call(
      "select holdfast.report_missing($1, $2, $3)",
      [.text(node), .jsonb(volumes.text), .double(age / .seconds(1))]
    ) { row throws(PostgresError) in Int(try row.int32(0)) }
  }

  /// Keeps a point whatever the rules say, or lets it go again. Returns whether that changed anything.
  public func pin(_ point: String, _ isPinned: Bool = true) async throws(StoreError) -> Bool {
    try await call("select holdfast.pin_point($1, $2)", [.text(point), .bool(isPinned)], bool)
  }

  /// Notes the outcome of a restore drill: whether the point's data are good.
  public func verified(
    _ point: String, ok: Bool, recovery: Duration? = nil, message: String? = nil
  ) async throws(StoreError) {
    let seconds = recovery.map { Double($0.components.seconds) + Double($0.components.attoseconds) * 1e-18 }
    _ = try await call(
      "select holdfast.point_verified($1, $2, $3, $4)",
      [.text(point), .bool(ok), seconds.map { .double($0) } ?? .null, message.map { .text($0) } ?? .null]
    ) { _ throws(PostgresError) in true }
  }

  /// Notes that a restore drill could not be done, and why. What earlier drills have shown of the point stands.
  public func drillFailed(_ point: String, why: String) async throws(StoreError) {
    _ = try await call(
      "select holdfast.point_verified($1, null, null, $2)", [.text(point), .text(why)]
    ) { _ throws(PostgresError) in true }
  }

  /// What sets this installation's outside objects apart from those of others: six characters, the same for ever.
  public func installation() async throws(StoreError) -> String {
    try await call("select holdfast.installation()", []) { row throws(PostgresError) in try row.string(0) }
  }

  /// The id of the repository that a profile was first used with at a place; nil if it never was. With an `id`, that one is it
  /// from now on if none was.
  public func repository(of profile: String, at place: String, id: String? = nil) async throws(StoreError) -> String? {
    try await call(
      "select holdfast.know_repository($1, $2, $3)",
      [.text(profile), .text(place), id.map { .text($0) } ?? .null]
    ) { row throws(PostgresError) in try row.optionalString(0) }
  }

  func call<Value: Sendable>(
    _ sql: String, _ parameters: [PostgresValue], _ value: @Sendable (PostgresRow) throws(PostgresError) -> Value
  ) async throws(StoreError) -> Value {
    do {
      return try await pool.withConnection { connection in
        try value(try await connection.query(sql, parameters).single())
      }
    } catch let error as PostgresError {
      throw StoreError(error)
    } catch {
      throw StoreError(.rejected, "\(error)")
    }
  }

  private func bool(_ row: PostgresRow) throws(PostgresError) -> Bool { try row.bool(0) }

  /// What the catalogue returned, as a value.
  private func read<Value>(
    _ text: String, _ value: (JSONValue) throws(RestorePointError) -> Value
  ) throws(StoreError) -> Value {
    do { return try value(try JSONValue(parsing: text)) } catch {
      throw StoreError(.rejected, "the catalogue of restore points has what this version can't read: \(error)")
    }
  }
}
