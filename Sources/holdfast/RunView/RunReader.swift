internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import StepEngine
internal import Terminal

/// Looks at runs in the database.
struct RunReader: Sendable {
  let pool: PostgresPool

  /// More than any run has.
  static let everything = 2_000_000

  /// What a look has to show.
  struct Wish: Sendable {
    /// Every step, not only those in which something happens or went wrong.
    var everyStep = false
    /// Steps that ended since then, too.
    var endedSince: Moment?
    /// The most steps that are shown one by one.
    var limit = 400
    /// What steps need; asked for when it can have changed.
    var needs = true
  }

  /// One look at a run, in one round trip; nil if there is none of that number (any more).
  ///
  /// `patience`: how long to wait for a connection and for the answer; without it the pool's, and as long as it takes.
  func snapshot(
    of run: Int64, _ wish: Wish, patience: (connection: Duration, answer: Duration)? = nil
  ) async throws -> RunSnapshot? {
    var requests = [
      PostgresRequest(RunStatements.headers, [.int64(run)]),
      PostgresRequest(
        RunStatements.steps,
        [
          .int64(run), .bool(wish.everyStep), wish.endedSince.map { .timestamp($0.microseconds) } ?? .null,
          .int64(Int64(wish.limit)),
        ]),
    ]
    if wish.needs { requests.append(PostgresRequest(RunStatements.needs, [.int64(run), .bool(wish.everyStep)])) }
    let asked = requests
    return try await pool.withConnection(until: patience.map { .now + $0.connection }) { connection in
      let begin = ContinuousClock.now
      let answers = try await connection.pipeline(asked, until: patience.map { begin + $0.answer })
      let cost = ContinuousClock.now - begin
      guard var snapshot = try headers(answers[0], of: run) else { return nil }
      snapshot.cost = cost
      try addSteps(answers[1], to: &snapshot)
      if wish.needs {
        for row in answers[2] { snapshot.needs[try row.int64(0), default: []].append(try row.int64(1)) }
      }
      return snapshot
    }
  }

  /// The run that is meant.
  func find(_ reference: RunReference) async throws -> Int64 {
    try await reference.find(StatusReader(pool: pool)).id.value
  }

  /// A run that was there a moment ago.
  static func isGone(_ run: Int64) -> CommandFailure {
    CommandFailure(.notFound, "run \(run) is not kept any more; 'holdfast runs' shows those that are.")
  }

  /// What the steps of a run put out, by step.
  func outputs(of run: Int64) async throws -> [Int64: JSONValue] {
    try await pool.withConnection { connection in
      var outputs: [Int64: JSONValue] = [:]
      for row in try await connection.query(RunStatements.outputs, [.int64(run)]) {
        outputs[try row.int64(0)] = try row.json(1)
      }
      return outputs
    }
  }

  private func headers(_ rows: PostgresRows, of run: Int64) throws -> RunSnapshot? {
    var snapshot: RunSnapshot?
    for row in rows {
      let header = try RunHeader(row)
      if header.id == run {
        snapshot = RunSnapshot(run: header, steps: [], now: try row.moment(24))
      } else {
        snapshot?.children.append(header)
      }
    }
    return snapshot
  }

  private func addSteps(_ rows: PostgresRows, to snapshot: inout RunSnapshot) throws {
    for row in rows {
      if try row.isNull(0) {
        let count = Int(try row.int64(21))
        if let group = try row.optionalString(1) {
          var items = snapshot.items[group] ?? GroupItems()
          items.counts[try StepState(row, 3)] = count
          items.startedAt = [items.startedAt, try row.optionalMoment(8)].compactMap(\.self).min()
          items.finishedAt = [items.finishedAt, try row.optionalMoment(9)].compactMap(\.self).max()
          snapshot.items[group] = items
        } else {
          snapshot.outsideSteps = count
        }
      } else {
        snapshot.steps.append(try RunStep(row))
      }
    }
    snapshot.steps.sort { $0.id < $1.id }
  }
}

/// A state that a newer version has written.
struct UnknownState: Error, CustomStringConvertible {
  let word: String

  var description: String {
    "the database knows a state '\(word)' that this holdfast does not; use the version that migrated the database"
  }
}

extension RunHeader {
  /// A row of `RunStatements.headers`.
  fileprivate init(_ row: PostgresRow) throws {
    func count(_ column: Int) throws -> Int { Int(try row.optionalInt64(column) ?? 0) }
    id = try row.int64(0)
    workflow = try row.string(1)
    policy = try row.optionalString(2)
    queue = try row.string(3)
    let word = try row.string(4)
    guard let state = RunState(rawValue: word) else { throw UnknownState(word: word) }
    self.state = state
    submittedAt = try row.moment(5)
    startedAt = try row.optionalMoment(6)
    finishedAt = try row.optionalMoment(7)
    deadlineAt = try row.optionalMoment(8)
    failure = try row.optionalString(9)
    stopReason = try row.optionalString(10)
    params = try row.isNull(11) ? nil : row.json(11)
    parentRun = try row.optionalInt64(12)
    parentStep = try row.optionalInt64(13)
    steps = StepCounts(
      total: try count(14), succeeded: try count(15), failed: try count(16), skipped: try count(17),
      omitted: try count(18), cancelled: try count(19), running: try count(20), ready: try count(21),
      waiting: try count(22), blocked: try count(23))
  }
}

extension RunStep {
  /// A row of `RunStatements.steps` with a step_id.
  fileprivate init(_ row: PostgresRow) throws {
    id = try row.int64(0)
    name = try row.string(1)
    uses = try row.optionalString(2) ?? ""
    state = try StepState(row, 3)
    attempt = try row.optionalInt32(4).map(Int.init)
    maxAttempts = Int(try row.optionalInt32(5) ?? 1)
    worker = try row.optionalString(6)
    since = try row.moment(7)
    startedAt = try row.optionalMoment(8)
    finishedAt = try row.optionalMoment(9)
    reason = try row.optionalString(10)
    waitsFor = try row.optionalString(11)
    wakeAt = try row.optionalMoment(12)
    signal = try row.optionalString(13)
    deadlineAt = try row.optionalMoment(14)
    timeLimitAt = try row.optionalMoment(15)
    item = try row.isNull(16) ? nil : row.json(16)
    isGroup = try row.optionalBool(17) ?? false
    isAlways = try row.optionalBool(18) ?? false
    labels = try row.json(19).object?.compactMapValues(\.string) ?? [:]
    limits = try row.isNull(20) ? [] : row.textArray(20)
    progress = try row.isNull(22) ? nil : row.json(22)
  }
}

extension StepState {
  fileprivate init(_ row: PostgresRow, _ column: Int) throws {
    let word = try row.string(column)
    guard let state = StepState(rawValue: word) else { throw UnknownState(word: word) }
    self = state
  }
}
