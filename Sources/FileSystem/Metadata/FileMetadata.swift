import Glibc

/// What a file is.
public enum FileKind: UInt8, Sendable, CaseIterable {
  case regular, directory, symlink, blockDevice, characterDevice, fifo, socket
  /// None of these, or (as a hint) not known without asking for the metadata.
  case unknown

  /// What the upper bits of `st_mode` say.
  init(mode: UInt32) {
    self =
      switch mode & 0o170000 {
      case 0o100000: .regular
      case 0o040000: .directory
      case 0o120000: .symlink
      case 0o060000: .blockDevice
      case 0o020000: .characterDevice
      case 0o010000: .fifo
      case 0o140000: .socket
      default: .unknown
      }
  }

  /// What `d_type` of a directory's entry says.
  init(directoryType: UInt8) {
    self =
      switch directoryType {
      case 8: .regular
      case 4: .directory
      case 10: .symlink
      case 6: .blockDevice
      case 2: .characterDevice
      case 1: .fifo
      case 12: .socket
      default: .unknown
      }
  }
}

/// A moment as the file system keeps it.
public struct FileTime: Sendable, Hashable, Comparable {
  /// Seconds since 1970, UTC; may be negative.
  public var seconds: Int64
  /// 0..<1,000,000,000, added to the seconds.
  public var nanoseconds: UInt32

  /// A moment.
  public init(seconds: Int64, nanoseconds: UInt32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// Earlier.
  public static func < (left: Self, right: Self) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

/// What the file system knows of a file besides its content and attributes.
public struct FileMetadata: Sendable, Equatable {
  /// What it is.
  public var kind: FileKind { FileKind(mode: mode) }
  /// `st_mode`: kind, setuid, setgid, sticky and permissions in Unix' bits.
  public var mode: UInt32
  /// `st_mtime`: when the content was written last, or so programs claim.
  public var modified: FileTime
  /// `st_atime`: when it was read last.
  public var accessed: FileTime
  /// `st_ctime`: when content or metadata were changed last; programs can't set it.
  public var changed: FileTime
  /// The owner's number.
  public var uid: UInt32
  /// The group's number.
  public var gid: UInt32
  /// The file's number in its file system.
  public var inode: UInt64
  /// The file system that it lies in (`st_dev`).
  public var device: UInt64
  /// The device that it is (`st_rdev`).
  public var deviceNumber: UInt64
  /// Bytes; 0 for a device.
  public var size: Int
  /// Names of this file.
  public var links: UInt64
  /// What it takes on the disk, in units of 512 bytes.
  public var blocks: Int

  /// The low 12 bits: permissions, setuid, setgid, sticky.
  public var permissions: UInt32 { mode & 0o7777 }

  init(_ status: stat) {
    mode = UInt32(status.st_mode)
    modified = FileTime(status.st_mtim)
    accessed = FileTime(status.st_atim)
    changed = FileTime(status.st_ctim)
    uid = status.st_uid
    gid = status.st_gid
    inode = UInt64(status.st_ino)
    device = UInt64(status.st_dev)
    deviceNumber = UInt64(status.st_rdev)
    size = Int(status.st_size)
    links = UInt64(status.st_nlink)
    blocks = Int(status.st_blocks)
  }
}

extension FileTime {
  init(_ time: timespec) {
    self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
  }
}
