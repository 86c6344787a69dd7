internal import CPQ
internal import Concurrency

extension PostgresConnection {
  /// Opens a connection: tries each host in turn, and each for `connectTimeout` at most.
  ///
  /// Ends by cancellation (`.cancelled`) and at `deadline` (`.timedOut`), except that a running DNS lookup is waited for.
  public static func open(
    _ configuration: PostgresConfiguration, until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) -> sending PostgresConnection {
    var options = configuration.effectiveOptions()
    while true {
      let attempt = try await Attempt(options, configuration)
      switch try await attempt.run(until: deadline) {
      case .opened: return attempt.takeConnection()
      case .hostTimedOut(let error):
        // libpq goes on to the next host only after an error; a host that does not answer is taken off its list here.
        guard let remaining = attempt.optionsWithoutCurrentHost() else { throw error }
        options.merge(remaining) { $1 }
      }
    }
  }
}

/// One `PQconnectStart` and its polls. Frees the connection unless it is taken.
private final class Attempt {
  enum Outcome {
    case opened
    case hostTimedOut(PostgresError)
  }

  private let handle: ConnectionHandle
  private let configuration: PostgresConfiguration
  private let notices: NoticeBox
  private var isTaken = false

  init(_ options: [String: String], _ configuration: PostgresConfiguration) async throws(PostgresError) {
    guard !Task.isCancelled else { throw Self.failure(.cancelled, "the task was cancelled", configuration) }
    let notices = NoticeBox(configuration.onNotice)
    // Looks names up and reads files: blocks.
    let started = await BlockingPool.shared.runNonthrowing { start(options, notices) }
    guard let started else { throw Self.failure(.unreachable, "out of memory", configuration) }
    handle = started
    self.configuration = configuration
    self.notices = notices
  }

  deinit { if !isTaken { PQfinish(handle.raw) } }

  func takeConnection() -> sending PostgresConnection {
    isTaken = true
    PQsetErrorVerbosity(handle.raw, PQERRORS_DEFAULT)
    PQsetnonblocking(handle.raw, 1)
    return PostgresConnection(handle, configuration, notices)
  }

  func run(until deadline: ContinuousClock.Instant?) async throws(PostgresError) -> Outcome {
    guard PQstatus(handle.raw) != CONNECTION_BAD else { throw refused() }
    var address = currentAddress
    var hostDeadline = ContinuousClock.now + configuration.connectTimeout
    var interest: Readiness = .writable
    while true {
      do {
        _ = try await Reactor.shared.wait(
          for: interest, on: PQsocket(handle.raw), until: min(hostDeadline, deadline ?? hostDeadline))
      } catch {
        switch error {
        case .cancelled: throw failure(.cancelled, "the task was cancelled")
        case .timedOut:
          let timedOut = failure(.timedOut, "the server did not answer in time")
          if let deadline, deadline <= .now { throw timedOut }
          return .hostTimedOut(timedOut)
        case .failed: throw failure(.unreachable, error.description)
        }
      }
      // Looks up the next host's name, derives keys and does TLS: blocks. The socket may be another one afterwards.
      let handle = handle
      let polled = await BlockingPool.shared.runNonthrowing { PQconnectPoll(handle.raw).rawValue }
      switch PostgresPollingStatusType(polled) {
      case PGRES_POLLING_OK: return .opened
      case PGRES_POLLING_READING: interest = .readable
      case PGRES_POLLING_WRITING: interest = .writable
      default: throw refused()
      }
      if address != currentAddress {
        address = currentAddress
        hostDeadline = .now + configuration.connectTimeout
      }
    }
  }

  /// The host lists with the one that is being tried taken out; nil if it was the last.
  func optionsWithoutCurrentHost() -> [String: String]? {
    guard let parsed = PQconninfo(handle.raw) else { return nil }
    defer { PQconninfoFree(parsed) }
    let all = PostgresConfiguration.dictionary(parsed)
    return HostList(all).removing(host: String(cString: PQhost(handle.raw)), port: String(cString: PQport(handle.raw)))
  }

  private var currentAddress: [String] {
    [PQhost(handle.raw), PQport(handle.raw), PQhostaddr(handle.raw)].map { $0.map { String(cString: $0) } ?? "" }
  }

  /// The error for what libpq says about hosts that refused.
  private func refused() -> PostgresError {
    let (sqlState, message) = connectionFailure(libpqMessage(handle.raw))
    var kind = sqlState.map { PostgresError.Kind(sqlState: $0) } ?? .unreachable
    if sqlState == nil, PQconnectionNeedsPassword(handle.raw) == 1 { kind = .authentication }
    var error = failure(kind, message)
    error.sqlState = sqlState
    return error
  }

  private func failure(_ kind: PostgresError.Kind, _ message: String) -> PostgresError {
    var error = Self.failure(kind, message, configuration)
    error.place = describePlace(handle.raw)
    return error
  }

  private static func failure(
    _ kind: PostgresError.Kind, _ message: String, _ configuration: PostgresConfiguration
  ) -> PostgresError {
    PostgresError(kind, configuration.redacted(message), what: "connect")
  }
}

private func start(_ options: [String: String], _ notices: NoticeBox) -> ConnectionHandle? {
  let pairs = Array(options)
  return withCStrings(pairs.map(\.key)) { keys in
    withCStrings(pairs.map(\.value)) { values in
      guard let raw = PQconnectStartParams(keys, values, 0) else { return nil }
      notices.install(on: raw)
      // The only way to learn the SQLSTATE of a failed login.
      PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
      return ConnectionHandle(raw: raw)
    }
  }
}

/// Lends the strings as C strings in an array that ends with nil.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
  let bytes: [UInt8] = strings.flatMap { Array($0.utf8) + [0] }
  return bytes.withUnsafeBytes { buffer in
    var next = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    var pointers: [UnsafePointer<CChar>?] = []
    for string in strings {
      pointers.append(next)
      next = next.map { $0 + string.utf8.count + 1 }
    }
    pointers.append(nil)
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
