/// Something that could not be restored as it was.
public struct RestoreProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong.
  public enum Kind: String, Sendable, CaseIterable {
    /// A folder's listing is missing or damaged: nothing of it is restored.
    case folder
    /// Content is missing from the repository, or damaged.
    case content
    /// A name that no file can have, that would lead out of the target, or that its folder lists twice.
    case name
    /// Something else is in the way.
    case obstacle
    /// The system refused to make or write it.
    case writing
    /// Its owner could not be set.
    case owner
    /// An extended attribute or an ACL could not be set.
    case attribute
    /// Permissions or times could not be set.
    case metadata
    /// A device, which only root can make.
    case device
    /// A kind of file that can't be restored: a socket.
    case unsupported
    /// It does not read back as it was written.
    case verification
  }

  /// What is wrong.
  public let kind: Kind
  /// The raw bytes of the path.
  public let path: [UInt8]
  /// One sentence that names the path, too.
  public let message: String
  /// Whether something that was asked for is missing because of it; otherwise it is only worth knowing.
  public let isLoss: Bool

  /// The message.
  public var description: String { message }
}

/// What a restore did.
public struct RestoreResult: Sendable {
  /// The first problems of each kind, at most `problemLimit`.
  public let problems: [RestoreProblem]
  /// How many problems of each kind there were.
  public let problemCounts: [RestoreProblem.Kind: Int]
  /// Whether something that was asked for could not be restored.
  public let isIncomplete: Bool
  /// The include patterns, as they were written, that nothing of the backup fitted.
  public let unfittedIncludes: [String]
  /// What was done, in numbers.
  public let progress: RestoreProgress.State

  /// How many problems of a kind are kept.
  public static let problemLimit = 100
}
