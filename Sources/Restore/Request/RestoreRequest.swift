public import FileSystem
public import ResticFormat

/// What is to be restored, where to, and how.
public struct RestoreRequest: Sendable {
  /// What becomes of a file that is in the target already.
  public enum Overwrite: String, Sendable, CaseIterable {
    /// It is compared with the backup, and what differs is written.
    case always
    /// The same, but a file of the same size and modification time counts as equal unseen. Not to be relied on after a
    /// power failure in a restore that wasn't durable.
    case ifChanged = "if-changed"
    /// A file that is at least as new as the backup's is left alone.
    case ifNewer = "if-newer"
    /// It is left alone.
    case never
  }

  /// Whether files get their owners back.
  public enum Owners: String, Sendable, CaseIterable {
    /// As root yes, otherwise as far as the system allows; what it refuses is counted, but no failure.
    case automatic
    /// Yes; what the system refuses makes the restore incomplete.
    case always
    /// Everything belongs to whoever restores.
    case never
  }

  /// A file or node of the backup, and what the restore did (or would do) with it.
  public struct Item: Sendable {
    /// What was done.
    public enum Action: String, Sendable {
      /// It wasn't there.
      case restored
      /// It was there, and was made equal to the backup.
      case updated
      /// It was left alone.
      case unchanged
      /// It was in the target only, and `deletes` was wished for.
      case deleted
    }

    /// The path below the target, raw bytes.
    public let path: [UInt8]
    /// What was done.
    public let action: Action
    /// Bytes of its content.
    public let size: Int
  }

  /// The tree to restore.
  public var tree: BlobID
  /// The names on the way from the tree to what is to be restored; empty for all of it. A folder's content comes into the
  /// target, as restic does it; a file comes into the target itself.
  public var subpath: [[UInt8]] = []
  /// The folder that everything comes into; made if it is not there.
  public var target: String
  /// Whether the target gets owner, permissions, times and attributes of the folder at `subpath`, as if it were that folder; else
  /// it keeps its own, as with restic.
  public var restoresTop = false
  /// If there are any, only what fits them is restored. Paths begin at what is restored.
  public var includes = PathPatterns()
  /// What fits these is left out, and stays in the target.
  public var excludes = PathPatterns()
  /// What fits these as well; a list of its own, so that nothing in it takes back what the other one leaves out.
  public var furtherExcludes = PathPatterns()
  /// What excludes see before each path: they were made for a backup in which that lies above.
  public var excludeRoot: [[UInt8]] = []
  /// What becomes of files that are there.
  public var overwrite = Overwrite.always
  /// Remove what the target holds beyond the backup, within the folders of the backup and the patterns.
  public var deletes = false
  /// Runs of zeros become holes.
  public var sparse = false
  /// Read everything back and compare it.
  public var verifies = false
  /// Wait until all is on the disk before the restore counts as done, and until a file's content is there before it gets
  /// the modification time that says that it is complete. Without this a power failure may leave files that look complete
  /// while their content is lost, and `.ifChanged` passes them over.
  public var isDurable = true
  /// Only say what would be done.
  public var isDryRun = false
  /// Whether owners are restored.
  public var owners = Owners.automatic
  /// Threads that decrypt, decompress and write; nil for one per core.
  public var workers: Int?
  /// The most pieces of files that are planned at once, about 100 bytes of memory each; and files that wait for the disk,
  /// of these 100,000.
  public var batchLimit = 300_000
  /// Told of each file or node; may be called by several threads at once.
  public var onItem: (@Sendable (Item) -> Void)?

  /// Whether anything is left out by a pattern.
  var hasExcludes: Bool { !excludes.isEmpty || !furtherExcludes.isEmpty }

  /// A restore of a whole tree with the usual settings.
  public init(tree: BlobID, target: String) {
    self.tree = tree
    self.target = target
  }
}
