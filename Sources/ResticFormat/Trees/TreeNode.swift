/// One entry of a directory listing (restic-format section 8).
public struct TreeNode: Sendable, Equatable {
  /// What an entry is, in restic's words.
  public enum Kind: String, Sendable, CaseIterable {
    case file, dir, symlink, dev, chardev, fifo, socket, irregular
  }

  /// A moment of a file, with nanoseconds. Moments are equal whatever zone they were written in.
  public struct Time: Sendable, Hashable, Comparable {
    /// Seconds since 1970, UTC; may be negative.
    public var seconds: Int64
    /// 0..<1,000,000,000, added to the seconds.
    public var nanoseconds: UInt32
    /// The distance from UTC of the zone it was written in; ours is always 0.
    public var offsetMinutes: Int16

    /// A moment.
    public init(seconds: Int64, nanoseconds: UInt32, offsetMinutes: Int16 = 0) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
      self.offsetMinutes = offsetMinutes
    }

    /// Whether both are the same moment.
    public static func == (left: Self, right: Self) -> Bool {
      left.seconds == right.seconds && left.nanoseconds == right.nanoseconds
    }

    /// Hashes the moment.
    public func hash(into hasher: inout Hasher) {
      hasher.combine(seconds)
      hasher.combine(nanoseconds)
    }

    /// Whether `left` is earlier.
    public static func < (left: Self, right: Self) -> Bool {
      (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
  }

  /// An extended attribute; ACLs are among them.
  public struct ExtendedAttribute: Sendable, Equatable {
    /// The whole name, `user.comment`.
    public var name: String
    /// The value; nil and empty are the same on Linux.
    public var value: [UInt8]

    /// An attribute.
    public init(name: String, value: [UInt8]) {
      self.name = name
      self.value = value
    }
  }

  /// The name's bytes as the file system has them: any bytes but `/` and NUL, not always UTF-8.
  public var name: [UInt8]
  /// What it is.
  public var kind: Kind
  /// Go's FileMode: permission bits and Go's own bits for kind, setuid, setgid and sticky.
  public var mode: UInt32 = 0
  /// When its content last changed.
  public var modified = Time(seconds: 0, nanoseconds: 0)
  /// When it was last read; restic writes the time of the change here.
  public var accessed = Time(seconds: 0, nanoseconds: 0)
  /// When the system last changed anything about it.
  public var changed = Time(seconds: 0, nanoseconds: 0)
  /// Its owner.
  public var uid: UInt32 = 0
  /// Its group.
  public var gid: UInt32 = 0
  /// The owner's name; empty for an id without a name.
  public var user = ""
  /// The group's name; empty for an id without a name.
  public var group = ""
  /// The file system's number for it.
  public var inode: UInt64 = 0
  /// Kept for hard links only, so that a clone mounted elsewhere has the same trees.
  public var deviceID: UInt64 = 0
  /// Bytes that were read; 0 for all but files.
  public var size: UInt64 = 0
  /// Names of the same file; 0 for directories, fifos and sockets.
  public var links: UInt64 = 0
  /// The bytes of a symbolic link's target.
  public var linkTarget: [UInt8] = []
  /// In the order in which the system lists them.
  public var extendedAttributes: [ExtendedAttribute] = []
  /// What Windows keeps of it: a JSON object, as it was read. Empty elsewhere.
  public var genericAttributes: [UInt8] = []
  /// Raw Linux dev_t of a device.
  public var device: UInt64 = 0
  /// A file's blobs, in order.
  public var content: [BlobID] = []
  /// A directory's tree.
  public var subtree: BlobID?
  /// What restic could not read, in its words.
  public var error = ""

  /// An entry with nothing but a name and a kind.
  public init(name: [UInt8], kind: Kind) {
    self.name = name
    self.kind = kind
  }
}
