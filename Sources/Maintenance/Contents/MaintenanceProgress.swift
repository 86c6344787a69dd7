/// How far a check, a prune or a repair is.
public struct MaintenanceProgress: Sendable, Equatable {
  /// What is being done.
  public enum Stage: String, Sendable, Equatable {
    /// Index files are read.
    case index
    /// Trees of snapshots are read.
    case trees
    /// Packs are read and verified.
    case packs
    /// What is still used of packs is copied into new ones.
    case copying
    /// Files are removed.
    case removing
  }

  /// What is being done.
  public let stage: Stage
  /// How much of it is done: files, trees or packs.
  public let done: Int
  /// How much there is; nil where that isn't known before.
  public let total: Int?
  /// The bytes of what is done, of the stages in which these take the time; nil for the others.
  public let bytes: Int?
  /// The bytes of all of it; nil if `bytes` is.
  public let totalBytes: Int?

  /// A stage and how far it is.
  public init(_ stage: Stage, done: Int, of total: Int? = nil, bytes: Int? = nil, ofBytes totalBytes: Int? = nil) {
    self.stage = stage
    self.done = done
    self.total = total
    self.bytes = bytes
    self.totalBytes = totalBytes
  }
}
