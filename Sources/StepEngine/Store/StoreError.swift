public import PostgresClient

/// What went wrong between the engine and its store.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What a caller can act on.
  public enum Kind: Sendable, Equatable {
    /// Nothing happened; try again after a pause.
    case unreachable
    /// The connection broke after the call was sent: it may have happened, or not.
    case outcomeUnknown
    /// The database has no Holdfast schema, another version's, or the role may not use it.
    case notUsable
    /// The server has no room for what was to be written; try again after a pause.
    case full
    /// The plan or the call is wrong (SQLSTATE HF001).
    case invalid
    /// There is no such run, step, policy or limit (HF002).
    case notFound
    /// Not possible in the present state (HF003).
    case wrongState
    /// The caller's lease is gone (HF004): stop the step.
    case staleFence
    /// Somebody else is at it just now; try again soon (HF005).
    case busy
    /// The task was cancelled.
    case cancelled
    /// Anything else; a mistake of this program.
    case rejected
  }

  /// What a caller can act on.
  public let kind: Kind
  /// One sentence for people: what, where, why, what to do next.
  public let description: String

  /// Whether the call was given up because it took too long: the same again may take as long again.
  public let tookTooLong: Bool

  /// An error with its sentence.
  public init(_ kind: Kind, _ description: String, tookTooLong: Bool = false) {
    self.kind = kind
    self.description = description
    self.tookTooLong = tookTooLong
  }

  /// Whether the call certainly had no effect and may be made again.
  public var isRetryable: Bool { kind == .unreachable || kind == .full || kind == .busy }

  /// The engine's view of an error of PostgreSQL's client.
  public init(_ error: PostgresError) {
    let kind: Kind =
      switch error.sqlState {
      case "HF001": .invalid
      case "HF002": .notFound
      case "HF003": .wrongState
      case "HF004": .staleFence
      case "HF005": .busy
      default:
        switch error.kind {
        case .outcomeUnknown: .outcomeUnknown
        case .missingObject, .notPermitted, .authentication, .invalidConfiguration: .notUsable
        case .diskFull: .full
        case .cancelled: .cancelled
        case let other where error.isRetryable || other == .closed: .unreachable
        default: .rejected
        }
      }
    switch kind {
    case .invalid, .notFound, .wrongState, .staleFence, .busy:
      // The sentence comes from our own functions and is meant for people; it has nothing of the connection in it.
      self.init(kind, error.message + (error.hint.map { $0.isEmpty ? "" : " (\($0))" } ?? ""))
    case .notUsable where error.kind == .missingObject && error.sqlState != "3D000":  // not: no such database
      let reason = error.description.last == "." ? String(error.description.dropLast()) : error.description
      self.init(kind, "The database has no Holdfast schema of this version (\(reason)); run `holdfast migrate`.")
    default:
      self.init(kind, error.description, tookTooLong: error.kind == .timedOut)
    }
  }
}
