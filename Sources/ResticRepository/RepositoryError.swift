public import ObjectStores

/// Why something with a repository didn't work.
public struct RepositoryError: Error, Sendable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable, Equatable {
    /// There is no repository at the location.
    case missing
    /// There is a repository already where one was to be made.
    case exists
    /// No key opens with this password.
    case wrongPassword
    /// The repository is of a version, or uses an encoding, that we don't know.
    case unsupported
    /// Someone else's lock is in the way.
    case locked
    /// Our own lock was lost: others may have removed what we rely on, so nothing may be written any more.
    case lockLost
    /// An object is damaged, or not what its name says.
    case corrupt
    /// Something that others refer to isn't there: a blob, a snapshot, a pack.
    case notFound
    /// What was just made did not read back as it should: memory or processor are at fault.
    case selfCheck
    /// A wish that makes no sense.
    case badRequest
    /// The store failed.
    case store(StoreError.Kind)
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

  /// The store's own error.
  public init(_ error: StoreError) {
    self.init(.store(error.kind), error.description)
  }

  /// The message.
  public var description: String { message }
}
