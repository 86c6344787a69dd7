internal import CPQ

/// How far a transaction is kept apart from others.
public enum TransactionIsolation: String, Sendable {
  case readCommitted = "READ COMMITTED"
  case repeatableRead = "REPEATABLE READ"
  case serializable = "SERIALIZABLE"
}

extension PostgresConnection {
  /// Runs `body` in a transaction, and commits it.
  ///
  /// If the body throws or the task is cancelled before the commit is sent, it is rolled back, and that error is thrown.
  /// If the connection breaks before the commit is sent, the error says so and is retryable: nothing happened. Only a
  /// commit whose answer was lost throws `.outcomeUnknown`. The body must not commit or roll back itself (savepoints are
  /// fine), and must not keep the connection. Never runs the body twice.
  public func transaction<T>(
    isolation: TransactionIsolation = .readCommitted, readOnly: Bool = false,
    _ body: (PostgresConnection) async throws -> T
  ) async throws -> T {
    guard !isInTransaction else {
      throw error(.protocolViolation, "a transaction is already open", what: "begin a transaction")
    }
    _ = try await query("BEGIN ISOLATION LEVEL \(isolation.rawValue)\(readOnly ? " READ ONLY" : "")")
    isRollbackCertain = true
    do {
      let value = try await body(self)
      try await commit()
      return value
    } catch {
      await rollBack()
      throw error
    }
  }

  private func commit() async throws(PostgresError) {
    let doing = "commit"
    switch PQtransactionStatus(raw) {
    case PQTRANS_INTRANS: break
    case PQTRANS_INERROR: throw error(.aborted, "a statement of the transaction failed", what: doing)
    case PQTRANS_IDLE: throw error(.protocolViolation, "the transaction was ended inside its body", what: doing)
    default: throw lost(libpqMessage(raw), doing)
    }
    guard isShielded || !Task.isCancelled else { throw error(.cancelled, "the task was cancelled", what: doing) }
    try begin(doing)
    defer { isBusy = false }
    isRollbackCertain = false
    // From here on a cancellation could only make the outcome less certain.
    let before = isShielded
    isShielded = true
    defer { isShielded = before }
    var flight = try flight(doing, until: nil)
    guard PQsendQuery(raw, "COMMIT") == 1 else { throw refused(doing) }
    _ = try await collect(&flight)
  }

  private func rollBack() async {
    isRollbackCertain = false
    guard isUsable, isInTransaction else {
      // Still active: a call inside the body was abandoned.
      if PQtransactionStatus(raw) != PQTRANS_IDLE { isBroken = true }
      return
    }
    do { try await shielded { _ = try await $0.query("ROLLBACK", until: .now + .seconds(5)) } } catch {
      isBroken = true
    }
  }
}
