internal import CPQ

extension PostgresConnection {
  /// Runs SQL with parameters, and returns its rows.
  ///
  /// If the task is cancelled or `deadline` passes, the statement is cancelled on the server. If it succeeds nonetheless,
  /// its rows are returned; otherwise this throws `.cancelled` or `.timedOut`, it had no effect, and the connection stays
  /// usable. (Inside a transaction, that has failed then.)
  public func query(
    _ sql: String, _ parameters: [PostgresValue] = [], until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) -> PostgresRows {
    try await query(PostgresStatement(sql), parameters, until: deadline)
  }

  /// Runs a statement, which this connection prepares first if it has a name and has not been run here before.
  /// Ends as the other `query` does.
  public func query(
    _ statement: PostgresStatement, _ parameters: [PostgresValue] = [], until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) -> PostgresRows {
    let doing = statement.doing
    try begin(doing)
    defer { isBusy = false }
    try encode(parameters, for: statement)
    var flight = try flight(doing, until: deadline)
    var serverName: String?
    switch preparation(of: statement) {
    case .unwanted: break
    case .done(let name): serverName = name
    case .missing(let new):
      guard sendPrepare(new) else { throw refused(doing) }
      _ = try await collect(&flight)
      prepared[statement.label] = new
      serverName = new.serverName
      try checkInterruption(flight)
    }
    guard send(statement, preparedAs: serverName) else { throw refused(doing) }
    return PostgresRows(try await collect(&flight), what: statement.label)
  }

  /// Runs a script of any number of statements, as one transaction unless it says otherwise, and ignores its rows.
  ///
  /// For migrations. COPY with the client is refused and costs the connection. Ends as `query` does.
  public func execute(
    _ script: String, until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) {
    let doing = "run a script"
    guard !script.utf8.contains(0) else { throw error(.rejected, "it has a zero byte", what: doing) }
    try begin(doing)
    defer { isBusy = false }
    var flight = try flight(doing, until: deadline)
    guard PQsendQuery(raw, script) == 1 else { throw refused(doing) }
    _ = try await collect(&flight)
  }

  /// A round trip that does nothing: throws if the connection is dead or does not answer until `deadline`.
  public func ping(until deadline: ContinuousClock.Instant? = nil) async throws(PostgresError) {
    _ = try await query("", until: deadline)
  }

  // MARK: - Sending

  func encode(_ values: [PostgresValue], for statement: PostgresStatement) throws(PostgresError) {
    do { try parameters.encode(values, declared: statement.types) } catch {
      throw self.error(.rejected, error.reason, what: statement.doing)
    }
  }

  /// Whether the statement can run with the encoded parameters, or what to prepare first.
  func preparation(of statement: PostgresStatement) -> Preparation {
    guard configuration.preparesStatements, let name = statement.name else { return .unwanted }
    if let known = prepared[name], known.matches(statement, parameters.types) { return .done(known.serverName) }
    // A name of its own each time: the server may still have an older one.
    preparedCount += 1
    return .missing(
      Prepared(statement: statement, types: parameters.types, serverName: "\(name)_\(preparedCount)"))
  }

  func sendPrepare(_ new: Prepared) -> Bool {
    PQsendPrepare(raw, new.serverName, new.statement.sql, CInt(new.types.count), new.types) == 1
  }

  /// Sends the statement with the encoded parameters.
  func send(_ statement: PostgresStatement, preparedAs serverName: String?) -> Bool {
    parameters.withPointers { count, types, values, lengths, formats in
      if let serverName {
        PQsendQueryPrepared(raw, serverName, count, values, lengths, formats, 1) == 1
      } else {
        PQsendQueryParams(raw, statement.sql, count, types, values, lengths, formats, 1) == 1
      }
    }
  }

  /// Between two round trips of one call: nothing is running, so stopping has no effect to report.
  private func checkInterruption(_ flight: Flight) throws(PostgresError) {
    switch flight.interruption {
    case nil: return
    case .timedOut: throw error(.timedOut, "the deadline passed while it was being prepared", what: flight.what)
    case let reason?: throw error(reason, "the task was cancelled", what: flight.what)
    }
  }
}

/// What has to be done before a statement can run.
enum Preparation {
  /// Nothing: it is sent whole.
  case unwanted
  /// Nothing: the server has it under this name.
  case done(String)
  case missing(Prepared)
}

extension Prepared {
  /// Whether it can be run with parameters of these types; NULL and untyped text (zero) go as anything.
  func matches(_ statement: PostgresStatement, _ types: [UInt32]) -> Bool {
    guard self.statement == statement, self.types.count == types.count else { return false }
    for (mine, theirs) in zip(self.types, types) where theirs != 0 && mine != theirs { return false }
    return true
  }
}
