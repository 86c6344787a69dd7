/// What a backup leaves: when, of what, by whom, and the tree it saw (restic-format section 9).
public struct Snapshot: Sendable, Equatable {
  /// What a backup did, as restic keeps it.
  public struct Summary: Sendable, Equatable {
    /// When the backup began.
    public var backupStart = Moment(seconds: 0, nanoseconds: 0)
    /// When it was done.
    public var backupEnd = Moment(seconds: 0, nanoseconds: 0)
    /// Files that the parent did not have.
    public var filesNew = 0
    /// Files that differ from the parent's.
    public var filesChanged = 0
    /// Files as the parent has them.
    public var filesUnmodified = 0
    /// Folders that the parent did not have.
    public var dirsNew = 0
    /// Folders that differ from the parent's.
    public var dirsChanged = 0
    /// Folders as the parent has them.
    public var dirsUnmodified = 0
    /// New blobs of data.
    public var dataBlobs = 0
    /// New blobs of trees.
    public var treeBlobs = 0
    /// Bytes of new blobs before compression.
    public var dataAdded = 0
    /// Bytes of new blobs as stored.
    public var dataAddedPacked = 0
    /// All files that were looked at.
    public var totalFilesProcessed = 0
    /// The bytes of these files.
    public var totalBytesProcessed = 0

    /// Nothing done yet.
    public init() {}
  }

  /// A time with nanoseconds and the zone it was written in.
  public struct Moment: Sendable, Hashable, Comparable {
    /// Seconds since 1970, UTC.
    public var seconds: Int64
    /// 0..<1,000,000,000, added to the seconds.
    public var nanoseconds: UInt32
    /// The zone's distance from UTC; restic's keep rules use the snapshot's own zone.
    public var offsetSeconds: Int = 0

    /// A moment in UTC.
    public init(seconds: Int64, nanoseconds: UInt32, offsetSeconds: Int = 0) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
      self.offsetSeconds = offsetSeconds
    }

    /// Whether `left` is earlier; the zone does not matter.
    public static func < (left: Self, right: Self) -> Bool {
      (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
  }

  /// When the backup began.
  public var time: Moment
  /// The snapshot that it was compared with.
  public var parent: FileID?
  /// The root of what it saw.
  public var tree: BlobID
  /// What was backed up: absolute paths.
  public var paths: [String]
  /// The machine, or what stands for it.
  public var hostname = ""
  /// Who ran it.
  public var username = ""
  /// The number of who ran it.
  public var uid: UInt32 = 0
  /// The group of who ran it.
  public var gid: UInt32 = 0
  /// The patterns that were left out.
  public var excludes: [String] = []
  /// Words to find it by, and to keep it by.
  public var tags: [String] = []
  /// The first incarnation of a snapshot that was rewritten.
  public var original: FileID?
  /// What wrote it, and its version.
  public var programVersion = ""
  /// What the backup did, if the program kept that.
  public var summary: Summary?

  /// A snapshot of a tree.
  public init(time: Moment, tree: BlobID, paths: [String]) {
    self.time = time
    self.tree = tree
    self.paths = paths
  }
}
