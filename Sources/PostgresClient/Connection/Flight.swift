internal import CPQ
internal import Concurrency

/// What has been sent and not yet been answered.
struct Flight {
  /// For errors.
  var what: String
  var deadline: ContinuousClock.Instant?
  /// Why we asked the server to cancel: `.cancelled` or `.timedOut`.
  var interruption: PostgresError.Kind?
  var cancelsLeft = 5
  var cancelRequest: Task<Void, Never>?

  /// How long a cancelled statement may take to end before it is cancelled again, or given up on.
  static let cancelInterval: Duration = .seconds(1)
}

extension PostgresConnection {
  /// Starts the clock of a call; throws if it has run out already, so that nothing is sent.
  func flight(_ what: String, until deadline: ContinuousClock.Instant?) throws(PostgresError) -> Flight {
    if let deadline, deadline <= .now { throw error(.timedOut, "the deadline had passed already", what: what) }
    return Flight(what: what, deadline: deadline ?? configuration.statementTimeout.map { .now + $0 })
  }

  /// The next result, or nil where libpq says that there is no other (for this statement).
  ///
  /// Sends what is left to send while it waits, so that neither side can block the other. On cancellation or after the
  /// deadline it asks the server to cancel and goes on waiting for the answer, which then tells what happened.
  @inline(__always)
  func nextResult(_ flight: inout Flight) async throws(PostgresError) -> OpaquePointer? {
    // Most results of a pipeline, and the end of each answer, are here already.
    if PQisBusy(raw) == 0 { return PQgetResult(raw) }
    return try await resultToCome(&flight)
  }

  private func resultToCome(_ flight: inout Flight) async throws(PostgresError) -> OpaquePointer? {
    PQconsumeInput(raw)  // the answer to a short statement may have come meanwhile, and waiting is dear
    while true {
      let unsent = PQflush(raw) == 1
      if PQisBusy(raw) == 0 || PQstatus(raw) != CONNECTION_OK { return PQgetResult(raw) }
      let isPatient = isShielded || flight.interruption != nil
      do {
        _ = try await Reactor.shared.wait(
          for: unsent ? [.readable, .writable] : .readable, on: descriptor, until: flight.deadline, shielded: isPatient)
      } catch {
        switch error {
        case .cancelled: await interrupt(&flight, .cancelled)
        case .timedOut where flight.cancelsLeft > 0: await interrupt(&flight, flight.interruption ?? .timedOut)
        case .timedOut, .failed: throw lost("the server did not answer a request to cancel", flight.what)
        }
        continue
      }
      PQconsumeInput(raw)  // a failure shows in the status, and PQgetResult tells more
    }
  }

  /// The last result of a single statement or script, after all of them; the first error if there is one.
  func collect(_ flight: inout Flight) async throws(PostgresError) -> QueryResult {
    var last: QueryResult?
    var failure: PostgresError?
    while let raw = try await nextResult(&flight) {
      let result = QueryResult(raw)
      if let error = error(from: result, flight) { failure = failure ?? error } else { last = result }
      if isBroken { break }
    }
    // A request that is still on its way would hit the next statement.
    if !isBroken { await flight.cancelRequest?.value }
    if let failure { throw failure }
    guard let last else { throw lost(libpqMessage(raw), flight.what) }
    return last
  }

  /// nil if the result is a success.
  func error(from result: QueryResult, _ flight: Flight) -> PostgresError? {
    switch PQresultStatus(result.raw) {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return nil
    case PGRES_PIPELINE_ABORTED:
      return error(.aborted, "an earlier statement of the pipeline failed", what: flight.what)
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      isBroken = true  // nobody will read or write the copied data
      return error(.rejected, "COPY to or from the client is not supported", what: flight.what)
    default: break
    }
    let fields = ErrorFields(result.raw)
    guard !fields.isFatal, PQstatus(raw) == CONNECTION_OK else {
      return lost(fields.message, flight.what, sqlState: fields.sqlState)
    }
    let sqlState = fields.sqlState ?? ""
    var kind = PostgresError.Kind(sqlState: sqlState, constraint: fields.constraint)
    if sqlState == "57014" {
      kind = flight.interruption ?? (fields.message.contains("timeout") ? .timedOut : .cancelled)
    }
    // "cached plan must not change result type", told by the function since messages are translated
    if sqlState == "0A000", fields.function == "RevalidateCachedQuery" { kind = .stalePreparedStatement }
    if kind == .stalePreparedStatement { prepared.removeAll() }
    var error = error(kind, fields.message, what: flight.what)
    error.sqlState = fields.sqlState
    error.detail = fields.detail
    error.hint = fields.hint
    return error
  }

  /// The connection broke after something was sent.
  func lost(_ message: String, _ what: String, sqlState: String? = nil) -> PostgresError {
    isBroken = true
    var error: PostgresError
    if isRollbackCertain {
      let kind = sqlState.map { PostgresError.Kind(sqlState: $0) }
      error = self.error(
        kind == .shuttingDown ? .shuttingDown : .unreachable,
        "the connection broke and the transaction was rolled back: "
          + message, what: what)
    } else {
      error = self.error(
        .outcomeUnknown, "the connection broke, so it may have taken effect or not: " + message, what: what)
    }
    error.sqlState = sqlState
    return error
  }

  /// Why libpq refused to send; nothing has been sent.
  func refused(_ what: String) -> PostgresError {
    if PQstatus(raw) == CONNECTION_OK { return error(.rejected, libpqMessage(raw), what: what) }
    isBroken = true
    return lostWhileIdle(what)
  }

  private func interrupt(_ flight: inout Flight, _ reason: PostgresError.Kind) async {
    flight.interruption = reason
    flight.cancelsLeft -= 1
    flight.deadline = .now + Flight.cancelInterval
    guard let cancel = PQgetCancel(raw) else { return }
    let handle = CancelHandle(raw: cancel)
    let previous = flight.cancelRequest
    // Cancelling opens a connection of its own, and blocks.
    flight.cancelRequest = Task {
      await previous?.value
      await BlockingPool.shared.runNonthrowing { handle.send() }
    }
  }
}

/// `@unchecked Sendable`: libpq made it to be used by another thread; it is used once.
private struct CancelHandle: @unchecked Sendable {
  let raw: OpaquePointer

  func send() {
    var message = [CChar](repeating: 0, count: 256)
    PQcancel(raw, &message, CInt(message.count))  // if it fails, the statement goes on until it is given up on
    PQfreeCancel(raw)
  }
}
