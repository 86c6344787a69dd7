internal import CPQ
internal import Concurrency

/// One connection to PostgreSQL, with one owner.
///
/// Not `Sendable`: whoever opened it uses it, one call at a time; its methods run in the caller's isolation and wait in the
/// reactor, without a thread. Every call ends by cancellation (the statement is cancelled on the server, and the connection
/// stays usable) and by its deadline. After `isUsable` has turned false, drop it and open another. Closed in `deinit`.
public final class PostgresConnection {
  let raw: OpaquePointer
  let configuration: PostgresConfiguration
  let notices: NoticeBox
  /// Host, port and database, for errors.
  public let place: String

  var prepared: [String: Prepared] = [:]
  var preparedCount = 0
  var parameters = ParameterBuffer()

  /// A call is under way: an actor that awaits one can be entered again, and must not start a second.
  var isBusy = false
  /// Whatever the server may still send can no longer be told apart.
  var isBroken = false
  /// Inside `transaction`, before its COMMIT: if the connection breaks, nothing has happened.
  var isRollbackCertain = false
  var isShielded = false
  /// Distinguishes server processes in logs.
  public var serverProcessID: Int { Int(PQbackendPID(raw)) }

  /// Takes over a connection that is open and has its notices installed.
  init(_ handle: ConnectionHandle, _ configuration: PostgresConfiguration, _ notices: NoticeBox) {
    raw = handle.raw
    self.configuration = configuration
    self.notices = notices
    place = describePlace(handle.raw)
  }

  deinit { PQfinish(raw) }

  /// Whether statements can still be sent. False after the connection broke, or an answer was given up on.
  public var isUsable: Bool { !isBroken && PQstatus(raw) == CONNECTION_OK }

  /// Whether a transaction is open (also a failed one).
  public var isInTransaction: Bool {
    let status = PQtransactionStatus(raw)
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
  }

  /// The version of the server as a number: 150020 for 15.20.
  public var serverVersion: Int { Int(PQserverVersion(raw)) }

  /// Whether the connection still stands and rests, judged without a round trip.
  public func checkIdle() -> Bool {
    isUsable && !isBusy && PQtransactionStatus(raw) == PQTRANS_IDLE && stillStands()
  }

  /// Reads what came while nothing was running: perhaps the server's farewell, or the end.
  func stillStands() -> Bool {
    guard PQconsumeInput(raw) == 1 else { return false }
    _ = PQisBusy(raw)  // only this makes libpq look at what it has read
    return PQstatus(raw) == CONNECTION_OK && notices.lastFatal == nil
  }

  /// Runs `body` without noticing cancellation: for the write that records an outcome, which must survive the
  /// cancellation that it reports. Bound it by deadlines.
  public func shielded<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
    let before = isShielded
    isShielded = true
    defer { isShielded = before }
    return try await body(self)
  }

  var descriptor: CInt { PQsocket(raw) }

  /// An error of this client, about this connection.
  func error(_ kind: PostgresError.Kind, _ message: String, what: String) -> PostgresError {
    PostgresError(kind, configuration.redacted(message), what: what, place: place)
  }

  /// Begins a call: refuses what certainly cannot be sent, so that nothing has happened when it throws.
  func begin(_ what: String) throws(PostgresError) {
    guard !isBusy else {
      throw error(
        .protocolViolation, "another call on this connection is under way; give each task its own", what: what)
    }
    guard isShielded || !Task.isCancelled else { throw error(.cancelled, "the task was cancelled", what: what) }
    // Seeing a closed connection before sending is the difference between "no effect" and "unknown".
    guard isUsable, stillStands() else {
      isBroken = true
      throw lostWhileIdle(what)
    }
    isBusy = true
  }

  func lostWhileIdle(_ what: String) -> PostgresError {
    guard let last = notices.lastFatal else {
      let message = libpqMessage(raw)
      return error(.unreachable, message.isEmpty ? "the connection is no longer usable" : message, what: what)
    }
    var error = error(PostgresError.Kind(sqlState: last.sqlState), last.message, what: what)
    error.sqlState = last.sqlState
    return error
  }
}

/// A statement that the server keeps for this connection.
struct Prepared {
  var statement: PostgresStatement
  /// The parameters' types when it was prepared; zero where the server found one.
  var types: [UInt32]
  var serverName: String
}

/// A `PGconn` on its way to its owner.
///
/// `@unchecked Sendable`: while it is opened, one thread of the blocking pool uses it at a time, and whoever opens it waits.
struct ConnectionHandle: @unchecked Sendable {
  let raw: OpaquePointer
}

/// What libpq said last, without the newline.
func libpqMessage(_ raw: OpaquePointer?) -> String {
  var message = raw.map { String(cString: PQerrorMessage($0)) } ?? "out of memory"
  while message.last?.isNewline == true { message.removeLast() }
  return message
}

/// `host:port/database` of the host that is in use.
func describePlace(_ raw: OpaquePointer) -> String {
  func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
  return "\(text(PQhost(raw))):\(text(PQport(raw)))/\(text(PQdb(raw)))"
}
