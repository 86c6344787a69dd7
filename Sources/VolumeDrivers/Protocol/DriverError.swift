/// Why a driver did not do what it was asked to.
public struct DriverError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What can be done about it.
  public enum Kind: String, Sendable, CaseIterable {
    /// Trying again later may help.
    case retryable
    /// Trying again doesn't help; a person must change something.
    case permanent
    /// There is no room. Nothing half made was left behind.
    case full
    /// The volume or the snapshot that was named is not there.
    case missing
  }

  /// What can be done about it.
  public let kind: Kind
  /// One sentence: what failed, where, why, and what to do.
  public let message: String

  /// An error of a driver.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
