/// Why JSON is no restore point, no rules or no decision.
public struct RestorePointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One sentence: what is wrong with which member.
  public let description: String

  init(_ description: String) { self.description = description }
}
