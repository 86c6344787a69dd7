internal import CPQ

extension PostgresConnection {
  /// Runs many statements in one round trip and one transaction: all of them, or none.
  ///
  /// Outside a transaction they form one of their own. Throws the first error (`statementIndex` says whose); then none had
  /// an effect. `.outcomeUnknown` means all or none. Ends by cancellation and deadline as `query` does.
  public func pipeline(
    _ requests: [PostgresRequest], until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) -> [PostgresRows] {
    let outcome = try await runPipeline(requests, syncsEach: false, until: deadline)
    if let failure = outcome.commitFailure { throw failure }
    var rows: [PostgresRows] = []
    rows.reserveCapacity(requests.count)
    for result in outcome.results { rows.append(try result.get()) }
    return rows
  }

  /// Runs many statements in one round trip, each as a transaction of its own: one that fails does not stop the others.
  ///
  /// Inside a transaction the first that fails makes all later ones fail. On cancellation the one that is running is
  /// cancelled, and those that were sent after it may still run; what became of each is in its result. Throws only if
  /// nothing was sent.
  public func pipelineSeparately(
    _ requests: [PostgresRequest], until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) -> [Result<PostgresRows, PostgresError>] {
    try await runPipeline(requests, syncsEach: true, until: deadline).results
  }

  /// What libpq will report next, in the order of sending.
  private enum Expected {
    case prepare(Prepared)
    case request(Int)
    case sync
  }

  private struct Outcome {
    var results: [Result<PostgresRows, PostgresError>] = []
    /// The transaction failed at its end (a deferred constraint, say).
    var commitFailure: PostgresError?
  }

  private func runPipeline(
    _ requests: [PostgresRequest], syncsEach: Bool, until deadline: ContinuousClock.Instant?
  ) async throws(PostgresError) -> Outcome {
    if requests.isEmpty { return Outcome() }
    try check(requests)
    let doing = "run a pipeline of \(requests.count)"
    try begin(doing)
    defer { isBusy = false }
    var flight = try flight(doing, until: deadline)
    guard PQenterPipelineMode(raw) == 1 else { throw refused(doing) }
    let expected = try queue(requests, syncsEach: syncsEach, doing)
    let outcome = try await collect(expected, requests, &flight)
    if !isBroken {
      await flight.cancelRequest?.value
      if PQexitPipelineMode(raw) != 1 { isBroken = true }
    }
    return outcome
  }

  /// Refuses what cannot be encoded before anything is sent.
  private func check(_ requests: [PostgresRequest]) throws(PostgresError) {
    for (index, request) in requests.enumerated() {
      do { try ParameterBuffer.check(request.parameters, declared: request.statement.types) } catch {
        var error = self.error(.rejected, error.reason, what: request.statement.doing)
        error.statementIndex = index
        throw error
      }
    }
  }

  /// Hands everything to libpq, which begins to send when it has enough. A refusal in the middle costs the connection,
  /// and with it the transaction, which needs a sync to be committed.
  private func queue(
    _ requests: [PostgresRequest], syncsEach: Bool, _ doing: String
  ) throws(PostgresError) -> [Expected] {
    var expected: [Expected] = []
    expected.reserveCapacity(requests.count * (syncsEach ? 2 : 1) + 4)
    let before = prepared
    // Later requests use what earlier ones prepare; what the server really prepared is entered when it answers.
    defer { prepared = before }
    for (index, request) in requests.enumerated() {
      do throws(PostgresError) {
        let statement = request.statement
        try encode(request.parameters, for: statement)
        var serverName: String?
        switch preparation(of: statement) {
        case .unwanted: break
        case .done(let name): serverName = name
        case .missing(let new):
          guard sendPrepare(new) else { throw refused(doing) }
          prepared[statement.label] = new
          expected.append(.prepare(new))
          serverName = new.serverName
        }
        guard send(statement, preparedAs: serverName) else { throw refused(doing) }
        expected.append(.request(index))
        guard !syncsEach || PQpipelineSync(raw) == 1 else { throw refused(doing) }
        if syncsEach { expected.append(.sync) }
      } catch {
        isBroken = true
        throw syncsEach && index > 0 ? lost(error.message, doing) : error
      }
    }
    if !syncsEach {
      guard PQpipelineSync(raw) == 1 else {
        isBroken = true
        throw refused(doing)
      }
      expected.append(.sync)
    }
    return expected
  }

  private func collect(
    _ expected: [Expected], _ requests: [PostgresRequest], _ flight: inout Flight
  ) async throws(PostgresError) -> Outcome {
    let doing = flight.what
    var outcome = Outcome()
    outcome.results.reserveCapacity(requests.count)
    var prepareFailure: PostgresError?
    for item in expected {
      switch item {
      case .prepare(let new):
        let (_, failure) = await take(&flight)
        if let failure {
          if failure.kind != .aborted { prepareFailure = failure }
        } else {
          prepared[new.statement.label] = new
        }
      case .request(let index):
        flight.what = requests[index].statement.doing
        var (result, failure) = await take(&flight)
        flight.what = doing
        if failure?.kind == .aborted, let cause = prepareFailure {
          failure = cause
          prepareFailure = nil
        }
        failure?.statementIndex = index
        if let failure {
          outcome.results.append(.failure(failure))
        } else if let result {
          outcome.results.append(.success(PostgresRows(result, what: requests[index].statement.label)))
        }
      case .sync:
        if let failure = await takeSync(&flight), outcome.commitFailure == nil,
          !outcome.results.contains(where: { $0.isFailure })
        {
          outcome.commitFailure = failure
        }
      }
    }
    return outcome
  }

  /// The result of one statement, and the nil after it. Exactly one of the two is returned.
  private func take(_ flight: inout Flight) async -> (QueryResult?, PostgresError?) {
    guard !isBroken else { return (nil, lost("the server did not answer", flight.what)) }
    do throws(PostgresError) {
      guard let raw = try await nextResult(&flight) else { return (nil, lost(libpqMessage(raw), flight.what)) }
      let result = QueryResult(raw)
      let failure = error(from: result, flight)
      if !isBroken {
        while let other = try await nextResult(&flight) { PQclear(other) }
      }
      return failure == nil ? (result, nil) : (nil, failure)
    } catch {
      return (nil, error)
    }
  }

  /// The end of a transaction: what made it fail, if it did.
  private func takeSync(_ flight: inout Flight) async -> PostgresError? {
    var failure: PostgresError?
    while !isBroken {
      do throws(PostgresError) {
        guard let raw = try await nextResult(&flight) else {
          // After an error there is a nil before the sync; without a connection there are only nils.
          guard PQstatus(raw) == CONNECTION_OK else { return failure ?? lost(libpqMessage(raw), flight.what) }
          continue
        }
        let result = QueryResult(raw)
        if PQresultStatus(raw) == PGRES_PIPELINE_SYNC { return failure }
        failure = failure ?? error(from: result, flight)
      } catch {
        return failure ?? error
      }
    }
    return failure ?? lost("the server did not answer", flight.what)
  }
}

extension Result {
  fileprivate var isFailure: Bool {
    if case .failure = self { true } else { false }
  }
}
