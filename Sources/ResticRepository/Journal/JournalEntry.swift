public import ResticFormat

/// What stands for a path in a journal: half of a keyed hash, so that memory doesn't hold all names.
public struct PathKey: Hashable, Sendable, Comparable, BitwiseCopyable {
  let words: (UInt64, UInt64)

  init(words: (UInt64, UInt64)) { self.words = words }

  /// Whether it stands for the same path.
  public static func == (left: Self, right: Self) -> Bool { left.words == right.words }
  /// Some order.
  public static func < (left: Self, right: Self) -> Bool { left.words < right.words }
  /// Which of so many shares a segment of the file falls to; neighbours fall to different ones.
  package func share(of count: Int, segment: Int) -> Int {
    Int((words.0 % UInt64(count) + UInt64(segment)) % UInt64(count))
  }
  /// It is a hash already.
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// A file, or a segment of a large one, that an unfinished backup has read and stored.
public struct JournalEntry: Sendable, Equatable {
  /// Which file.
  public var path: PathKey
  /// The whole file's length in bytes.
  public var size: UInt64
  /// What tells whether it is still the same file with the same content.
  public var modified: TreeNode.Time
  /// The same.
  public var changed: TreeNode.Time
  /// The same.
  public var inode: UInt64
  /// Which segment this is, from 0 on.
  public var segment: UInt32
  /// How many segments the file has.
  public var segments: UInt32
  /// The length of blocks of an image; 0 for content-defined chunks.
  public var blockSize: UInt32
  /// The segment's blobs, in order.
  public var content: [BlobID]

  /// A segment of a file; the only one unless more are said.
  public init(
    path: PathKey, size: UInt64, modified: TreeNode.Time, changed: TreeNode.Time, inode: UInt64, segment: UInt32 = 0,
    segments: UInt32 = 1, blockSize: UInt32 = 0, content: [BlobID]
  ) {
    self.path = path
    self.size = size
    self.modified = modified
    self.changed = changed
    self.inode = inode
    self.segment = segment
    self.segments = segments
    self.blockSize = blockSize
    self.content = content
  }

  /// Whether two entries are of the same file, cut in the same way.
  package func isOfSameFile(as other: JournalEntry) -> Bool {
    path == other.path && size == other.size && modified == other.modified && changed == other.changed
      && inode == other.inode && segments == other.segments && blockSize == other.blockSize
  }
}
