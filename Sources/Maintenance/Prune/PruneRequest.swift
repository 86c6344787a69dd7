/// What a prune may leave, and how much work it may do.
public struct PruneRequest: Sendable, Equatable {
  /// Bytes that are of no use and may stay, because removing them costs copying what is next to them.
  public enum UnusedLimit: Sendable, Equatable {
    /// So many per cent of what the repository has afterwards.
    case percent(Double)
    /// So many bytes.
    case bytes(Int)
    /// Nothing is copied just to save space.
    case unlimited
  }

  /// What may stay.
  public var maxUnused = UnusedLimit.percent(5)
  /// The most bytes of packs that are rewritten; nil for as many as it takes.
  public var maxRepackBytes: Int?
  /// Packs below this many bytes are put together once there are ten of them.
  public var smallPackBytes = 3 << 20
  /// Whether all may go if there is no snapshot. Else that is an error: rather than that nothing is worth keeping, something may
  /// be wrong with the store, or what it says.
  public var allowsNoSnapshots = false
  /// Only tells what would be done.
  public var isDryRun = false

  /// A prune with the usual limits.
  public init() {}
}

/// What a prune did, or would do.
public struct PruneResult: Sendable, Equatable {
  /// Blobs that snapshots rely on, and their bytes.
  public var usedBlobs = 0
  /// The same in bytes as stored.
  public var usedBytes = 0
  /// Blobs that nothing relies on, further copies of others among them.
  public var unusedBlobs = 0
  /// The same in bytes as stored.
  public var unusedBytes = 0
  /// Packs that stay as they are.
  public var packsKept = 0
  /// Packs that are rewritten without what is of no use.
  public var packsRepacked = 0
  /// Bytes of these that are copied.
  public var bytesCopied = 0
  /// Packs that are removed because nothing in them is used.
  public var packsRemoved = 0
  /// Packs that no index file listed; they are removed, too.
  public var orphans = 0
  /// Bytes of these.
  public var orphanBytes = 0
  /// Backups that were interrupted, or whose parts nobody has joined yet: what they stored and no snapshot relies on is of no use
  /// and goes, and so do their journals. They start anew.
  public var unfinishedBackups = 0
  /// Bytes by which the repository shrinks.
  public var bytesFreed = 0
  /// Bytes of no use that stay.
  public var unusedBytesLeft = 0
  /// Index files that were replaced.
  public var indexFilesReplaced = 0
}
