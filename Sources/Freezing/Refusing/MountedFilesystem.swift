import Glibc

/// The filesystem that something is on, as the kernel knows it: one superblock, however often it is mounted.
struct MountedFilesystem: Sendable, Equatable {
  /// The superblock's device as `MAJOR:MINOR`. Not `st_dev`: on btrfs, that is another one in each subvolume.
  let device: String
  let mountPoint: String
  let type: String
  /// What is mounted: `/dev/loop0`.
  let source: String
  /// The options of the superblock: `rw,upperdir=/a`.
  let options: String

  /// The filesystem of an open file; nil if the kernel doesn't say (the mount is of another namespace, or gone).
  init?(of file: CInt) {
    guard
      let line = smallFile("/proc/self/fdinfo/\(file)")?.split(separator: "\n").first(where: {
        $0.hasPrefix("mnt_id:")
      }), let mount = Self.mounts().first(where: { $0.id == line.dropFirst(7).filter(\.isNumber) })
    else { return nil }
    self = mount.filesystem
  }

  /// The filesystem of a path, or of the nearest folder above it that exists.
  init?(ofPath path: String) {
    var path = path
    while true {
      // A path only: nothing is opened that could block or change.
      if let file = OwnedFile(open(path, CInt(pathOnly) | O_CLOEXEC)) {
        self.init(of: file.number)
        return
      }
      guard errno == ENOENT || errno == ENOTDIR, let slash = path.lastIndex(of: "/"), path != "/" else { return nil }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }

  private init(device: String, mountPoint: String, type: String, source: String, options: String) {
    self.device = device
    self.mountPoint = mountPoint
    self.type = type
    self.source = source
    self.options = options
  }

  /// Where a filesystem of this device is mounted; nil if nowhere that we see.
  static func mountPoint(ofDevice device: String) -> String? {
    mounts().first { $0.filesystem.device == device }?.filesystem.mountPoint
  }

  private static func mounts() -> [(id: String, filesystem: MountedFilesystem)] {
    (smallFile("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line in
      // ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS [FIELDS…] - TYPE SOURCE OPTIONS
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3 else { return nil }
      return (
        String(words[0]),
        MountedFilesystem(
          device: String(words[2]), mountPoint: unescaped(words[4]), type: String(words[dash + 1]),
          source: unescaped(words[dash + 2]), options: unescaped(words[dash + 3]))
      )
    }
  }
}

/// O_PATH, which Glibc's module leaves out; the same number on all processors that Swift knows.
private let pathOnly = 0x20_0000

/// `\040` and the like, as the kernel writes spaces in its tables of mounts.
func unescaped(_ text: Substring) -> String {
  guard text.contains("\\") else { return String(text) }
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let first = rest.first {
    let digits = rest.dropFirst().prefix(3)
    if first == UInt8(ascii: "\\"), digits.count == 3,
      let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
    {
      bytes.append(code)
      rest = rest.dropFirst(4)
    } else {
      bytes.append(first)
      rest = rest.dropFirst()
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
