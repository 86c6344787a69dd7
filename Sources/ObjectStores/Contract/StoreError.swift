/// Why a store didn't do what it was asked to.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable, Equatable {
    /// There is no such object, folder or bucket.
    case notFound
    /// The object is there already and was not to be replaced.
    case exists
    /// The store refuses us: permissions or credentials.
    case denied
    /// The disk or the quota is full.
    case full
    /// The object is shorter than its name, its listing or the caller says.
    case truncated
    /// What came back is not what was stored.
    case corrupt
    /// The store did not answer, or answered with faults, however often it was asked.
    case unreachable
    /// The location or a setting makes no sense.
    case badLocation
    /// The task was cancelled.
    case cancelled
    /// Anything else.
    case failed
  }

  /// What went wrong.
  public let kind: Kind
  /// The object or place in question, without secrets.
  public let object: String
  /// The cause, and what would help, in words.
  public let detail: String

  /// An error about `object`.
  public init(_ kind: Kind, _ object: String, _ detail: String) {
    self.kind = kind
    self.object = object
    self.detail = detail
  }

  /// One sentence.
  public var description: String { "\(object): \(detail)" }
}
