/// Why bytes of a repository are not what they should be.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong with them.
  public enum Kind: Sendable, Equatable {
    /// They are not what any version of restic writes.
    case damaged
    /// They say themselves that they are of a version or kind that we don't know.
    case unsupported
  }

  /// What is wrong.
  public let kind: Kind
  /// One sentence: which document, where in it, and why.
  public let description: String

  /// An error of a kind.
  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
