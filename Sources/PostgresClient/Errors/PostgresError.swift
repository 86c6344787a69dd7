/// What went wrong between this program and PostgreSQL.
///
/// Switch on `kind`; show `description`. `message` and `detail` come from the server and may quote values of a statement,
/// so they belong in no log; `description` has neither values nor passwords.
public struct PostgresError: Error, Sendable, Hashable {
  /// What a caller can act on.
  public enum Kind: Sendable, Hashable {
    /// No connection: nothing listens, DNS fails, or it broke while no statement of ours could have had an effect.
    case unreachable
    /// The server does not accept this user, password or certificate.
    case authentication
    /// The role may not do this.
    case notPermitted
    /// The connection broke after the statement was sent: it may have been committed, or not.
    case outcomeUnknown
    /// Another transaction got in the way (serialization failure or deadlock); ours was rolled back.
    case serialization
    /// A lock was not to be had in time (`lock_timeout`, `nowait`).
    case lockUnavailable
    /// A constraint refused the row; the name is the constraint's.
    case constraint(String)
    /// The statement cannot work as it is: syntax, types, values, a raised exception.
    case rejected
    /// An earlier statement of the pipeline or transaction failed, so this one was not run.
    case aborted
    /// A schema, table, column, function or database is missing: not migrated, or the wrong database.
    case missingObject
    /// The server's disk is full.
    case diskFull
    /// The server has no connection, memory or other resource left.
    case tooManyConnections
    /// The server shuts down, starts up, or recovers.
    case shuttingDown
    /// The server only reads: a standby, or a primary that was demoted.
    case readOnly
    /// The server no longer knows what was prepared, or its plan is stale; the next call prepares anew.
    case stalePreparedStatement
    /// The task was cancelled (or someone cancelled the statement on the server), and the statement had no effect.
    case cancelled
    /// The deadline passed, and the statement had no effect.
    case timedOut
    /// A column is missing, NULL, or has another type than the one asked for.
    case unexpectedType
    /// The connection was used in a way, or answered in a way, that cannot be.
    case protocolViolation
    /// The connection string cannot be understood.
    case invalidConfiguration
    /// The pool was closed.
    case closed
  }

  /// What a caller can act on.
  public var kind: Kind
  /// The five characters of the SQL standard, if the server answered.
  public var sqlState: String?
  /// What the server or libpq says; may quote values.
  public var message: String
  /// The server's DETAIL; quotes values (`Key (id)=(5) already exists`).
  public var detail: String?
  /// The server's HINT.
  public var hint: String?
  /// What was being done: `run claim_steps`, `connect`.
  public var what: String
  /// Host, port and database, without credentials.
  public var place: String
  /// Which statement of a pipeline failed, from 0.
  public var statementIndex: Int?

  /// An error; `place` is empty where no server is concerned.
  public init(_ kind: Kind, _ message: String, what: String, place: String = "", sqlState: String? = nil) {
    self.kind = kind
    self.message = message
    self.what = what
    self.place = place
    self.sqlState = sqlState
  }

  /// Whether the statement (or, inside a transaction, the whole transaction) certainly had no effect and trying it
  /// again, perhaps on another connection and after a pause, may help.
  public var isRetryable: Bool {
    switch kind {
    case .unreachable, .serialization, .lockUnavailable, .diskFull, .tooManyConnections, .shuttingDown, .readOnly,
      .stalePreparedStatement, .timedOut:
      true
    case .authentication, .notPermitted, .outcomeUnknown, .constraint, .rejected, .aborted, .missingObject, .cancelled,
      .unexpectedType, .protocolViolation, .invalidConfiguration, .closed:
      false
    }
  }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
  /// One sentence: what, where, why, and what may help. Has no values of statements and no passwords.
  public var description: String {
    var text = "Cannot \(what)"
    if !place.isEmpty { text += " on \(place)" }
    text += ": \(reason)"
    if let sqlState { text += " (SQLSTATE \(sqlState))" }
    if let hint, !hint.isEmpty { text += "; \(hint)" }
    return text.hasSuffix(".") ? text : text + "."
  }

  /// The same sentence.
  public var debugDescription: String { description }

  private var reason: String {
    // Class 22 quotes the value that does not fit.
    if let sqlState, sqlState.hasPrefix("22") { return "a value does not fit its type or range" }
    return message
  }
}
