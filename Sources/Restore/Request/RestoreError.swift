internal import FileSystem
internal import ObjectStores
internal import ResticRepository

/// Why a restore could not go on.
public struct RestoreError: Error, Sendable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable, Equatable {
    /// The target can't be made or written to.
    case target
    /// The disk or a quota is full.
    case full
    /// The backup has no such path.
    case notFound
    /// A wish that makes no sense.
    case badRequest
    /// Where the output goes was closed, or failed.
    case output
  }

  /// What went wrong.
  public let kind: Kind
  /// One clear sentence: what, where, why, and what to do.
  public let message: String

  /// An error of a kind.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

extension FileError {
  /// Set if every other file would fail the same way.
  var asFatal: RestoreError? {
    let advice = "; what is there so far can stay: the same command with --overwrite if-changed goes on from there"
    if isFull { return RestoreError(.full, description + advice) }
    return isHopeless ? RestoreError(.target, description + advice) : nil
  }
}

extension RepositoryError {
  /// Whether only what this error is about is lost, and everything else can be restored.
  var isLocal: Bool {
    switch kind {
    case .corrupt, .notFound, .unsupported, .store(.notFound), .store(.truncated), .store(.corrupt): true
    default: false
    }
  }
}
