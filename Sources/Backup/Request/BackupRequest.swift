public import FileSystem
public import ResticFormat
public import ResticRepository

/// What is to be backed up, and how.
public struct BackupRequest: Sendable {
  /// Where the data come from.
  public enum Source: Sendable, Equatable {
    /// Files and folders, by absolute or relative paths.
    case files([String])
    /// An image file or a block device, kept as one file.
    case image(path: String)
    /// What can be read from a descriptor until its end, kept as one file of this name.
    case stream(descriptor: Int32, name: String)
  }

  /// Which earlier snapshot tells what did not change.
  public enum Parent: Sendable, Equatable {
    /// The newest one of the same host and paths.
    case newest
    /// This one.
    case snapshot(FileID)
    /// None: everything is read.
    case none
  }

  /// Where the data come from.
  public var source: Source
  /// What the snapshot says of the host; nil for this machine's name.
  public var host: String?
  /// The path that the snapshot shows instead of the source's own, such as `/shop/database`: the same wherever a volume or its
  /// clone is mounted. For exactly one path.
  public var pathLabel: String?
  /// The snapshot's tags.
  public var tags: [String] = []
  /// What is left out.
  public var excludes = PathPatterns()
  /// The same as texts, for the snapshot.
  public var excludeTexts: [String] = []
  /// What is in a folder with one of these is left out, but for the marker itself.
  public var markers: [ExcludeMarker] = []
  /// Leave out what is mounted below.
  public var staysOnFileSystem = false
  /// What the snapshot says of the time; nil for now.
  public var time: Snapshot.Moment?
  /// What tells what did not change.
  public var parent = Parent.newest
  /// A file counts as unchanged although its inode number differs (a clone made by copying).
  public var ignoresInode = false
  /// A file counts as unchanged although its metadata changed, as long as size and modification time are the same.
  public var ignoresChangeTime = false
  /// The files are copies that say what they are of (`SourceIdentity`): they are compared, and kept, with the inode and the
  /// time of change of that. One that doesn't say it counts as changed.
  public var hasSourceIdentities = false
  /// Keep the time of last access; otherwise it is set to that of the modification, as restic does, so that reading alone
  /// makes no new trees.
  public var keepsAccessTime = false
  /// For an image: what may have changed since the parent, in bytes. Everything else is taken from there unread.
  public var changedRanges: [Range<Int>]?
  /// For an image: bytes of a block; nil for one that fits the image's size, or the parent's.
  public var blockSize: Int?
  /// Whether blocks can have so many bytes: a power of two from 4 KiB to 8 MiB, the largest that a blob should be.
  public static func allows(blockSize: Int) -> Bool {
    blockSize >= 4 << 10 && blockSize <= 8 << 20 && blockSize & (blockSize - 1) == 0
  }
  /// How blobs are written.
  public var writing = WriteSettings()
  /// Threads that read, hash, compress and seal; nil for one per core, and two that may wait for the disk meanwhile.
  public var workers: Int?
  /// A cold tree of small files takes a quarter less time with these than without; more gain nothing.
  static let waitingWorkers = 2
  /// How nice the backup's own threads are to others, these and those that upload; nil leaves it.
  public var nice: Int?
  /// Their priority for the disk; nil leaves it.
  public var diskPriority: ThreadPriority.InputOutput?
  /// Bytes read per second at most.
  public var readLimit: Int?
  /// Read around the page cache where that is possible (images and devices).
  public var readsDirectly = false
  /// A name for the state of the source if that can't change any more, such as a snapshot's. What was stored of it counts
  /// wherever and whenever it is exported again, and of a device nothing else could tell.
  public var frozenAs: String?
  /// Remember what is done in the repository, so that the next attempt goes on from there.
  public var keepsJournal = true

  /// Make no snapshot if something that was asked for could not be read: `backUp` throws `IncompleteBackup`. What was stored stays
  /// for the next attempt.
  public var refusesLoss = false

  /// Only tell what would be done: everything is read and compared, and nothing is written to the repository.
  public var isDryRun = false

  /// The most bytes of a folder's listing; less only in tests.
  package var listingLimit = BlobSealer.limit
  /// So many blobs of a file fit into a listing: an id takes 67 bytes there.
  var blobLimit: Int { listingLimit / 67 }

  /// The sources that an exclude fits. They are stored, since they are asked for, but nothing in them; restic leaves them out.
  public var excludedSources: [String] {
    guard case .files(let paths) = source, pathLabel == nil, !excludes.isEmpty else { return [] }
    return paths.filter { excludes.matches(absoluteNames($0)) }
  }

  /// A backup with the usual settings.
  public init(source: Source) { self.source = source }
}

/// What could not be backed up.
public struct BackupProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The raw bytes of the path.
  public let path: [UInt8]
  /// One sentence that names the path, too.
  public let message: String
  /// Whether something is missing from the snapshot because of it.
  public let isLoss: Bool

  /// A problem with a path.
  public init(path: [UInt8], message: String, isLoss: Bool = true) {
    self.path = path
    self.message = message
    self.isLoss = isLoss
  }

  /// One sentence.
  public var description: String { message }
}

/// Something that was asked for could not be read, and the request refuses a snapshot without it.
public struct IncompleteBackup: Error, Sendable, CustomStringConvertible {
  /// The first problems, at most `BackupResult.problemLimit`.
  public let problems: [BackupProblem]
  /// How many problems there were.
  public let problemCount: Int

  /// One sentence.
  public var description: String {
    let first = problems.first(where: \.isLoss)?.message ?? "see the log"
    return "\(problemCount) files or folders could not be read, the first: \(first)"
  }
}

/// What a backup left.
public struct BackupResult: Sendable {
  /// The snapshot, with a summary of what was done; after a dry run the one that would have been made.
  public let snapshot: StoredSnapshot
  /// The first problems, at most `problemLimit`.
  public let problems: [BackupProblem]
  /// How many problems there were.
  public let problemCount: Int
  /// Whether something that was asked for is not in the snapshot.
  public let isIncomplete: Bool
  /// What was done, in numbers.
  public let progress: BackupProgress.State

  /// How many problems are kept.
  public static let problemLimit = 1000
}
