internal import JSON
internal import PostgresClient

extension RunReader {
  /// What an explanation of the run needs to know beside it; `focus` is the step whose attempts and last lines it tells.
  func facts(about snapshot: RunSnapshot, focus: RunStep?, lines: Int = 12) async throws -> ExplainFacts {
    let limits = Set(snapshot.steps.filter { $0.state == .ready }.flatMap(\.limits)).sorted()
    let run = PostgresValue.int64(snapshot.run.id)
    var requests = [
      PostgresRequest(ExplainStatements.workers), PostgresRequest(ExplainStatements.limits, [.textArray(limits)]),
    ]
    if let focus {
      requests.append(PostgresRequest(ExplainStatements.attempts, [run, .int64(focus.id)]))
      requests.append(PostgresRequest(ExplainStatements.lastLines, [run, .int64(focus.id), .int64(Int64(lines))]))
    }
    let asked = requests
    return try await pool.withConnection { connection in
      let answers = try await connection.pipeline(asked)
      var facts = ExplainFacts()
      for row in answers[0] { facts.workers.append(try ExplainFacts.Worker(row)) }
      for row in answers[1] { try facts.addLimit(row) }
      if focus != nil {
        for row in answers[2] { facts.attempts.append(try ExplainFacts.Attempt(row)) }
        facts.lastLines = try answers[3].map { try $0.string(0) }
      }
      return facts
    }
  }
}

extension ExplainFacts {
  fileprivate mutating func addLimit(_ row: PostgresRow) throws {
    let name = try row.string(0)
    if limits.last?.name != name {
      limits.append(
        Limit(name: name, capacity: Int(try row.int32(1)), used: Int(try row.int32(2)), holders: []))
    }
    guard let run = try row.optionalInt64(3) else { return }
    limits[limits.count - 1].holders.append(
      Holder(
        run: run, step: try row.optionalString(4) ?? "?", worker: try row.optionalString(5),
        since: try row.optionalMoment(6)))
  }
}

extension ExplainFacts.Worker {
  fileprivate init(_ row: PostgresRow) throws {
    name = try row.string(0)
    state = try row.string(1)
    kinds = try row.textArray(2)
    queues = try row.bool(3) ? nil : row.textArray(4)
    labels = try row.json(5).object?.compactMapValues(\.string) ?? [:]
    slots = Int(try row.int32(6))
    busy = Int(try row.int32(7))
    lastSeenAt = try row.moment(8)
    leaseEndsAt = try row.moment(9)
  }
}

extension ExplainFacts.Attempt {
  fileprivate init(_ row: PostgresRow) throws {
    state = try row.string(0)
    worker = try row.optionalString(1)
    startedAt = try row.optionalMoment(2)
    finishedAt = try row.moment(3)
    message = try row.optionalString(4)
  }
}
