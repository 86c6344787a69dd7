internal import CVolumeShims
internal import Concurrency
internal import FileSystem
internal import Glibc

/// What the conformance suite writes into a volume, and how it finds it again in clones: in a folder, a small tree with
/// everything that a file system can hold; in an image or device, two blocks, at its beginning and at its end.
struct TestContent: Sendable {
  /// The folder that the tree is in, below the volume's.
  static let folderName = "holdfast-conformance"
  private static let block = 4096

  private let path: String
  private let isFolder: Bool

  init(_ path: String, isFolder: Bool) {
    self.path = path
    self.isFolder = isFolder
  }

  /// Whether a volume holds anything but a test's content. An image always does.
  static func isInUse(_ path: String, isFolder: Bool) async throws -> Bool {
    guard isFolder else { return true }
    return try await BlockingPool.shared.run {
      try DirectoryHandle(path: path).entries().contains {
        ![Array(folderName.utf8), TreeCopy.reserved, Array("lost+found".utf8)].contains($0.name)
      }
    }
  }

  /// Writes content that goes by this word, in place of other test content; on the disk when it returns.
  func write(_ word: String) async throws {
    try await BlockingPool.shared.run {
      if isFolder { try writeTree(word) } else { try writeBlocks(word) }
    }
  }

  /// What is at a place, as text to compare: of the content, and all that is kept with it.
  static func read(_ place: DriverClone.Place) async throws -> String {
    try await BlockingPool.shared.run {
      switch place {
      case .folder(let path): try readTree(path + "/" + folderName)
      case .image(let path), .device(let path): try readBlocks(path)
      }
    }
  }

  /// What the volume itself holds.
  func read() async throws -> String { try await Self.read(isFolder ? .folder(path) : .image(path)) }

  /// Removes it from a folder.
  func remove() async throws {
    guard isFolder else { return }
    try await BlockingPool.shared.run {
      try TreeRemoval(interruption: Interruption()).remove(Array(Self.folderName.utf8), in: DirectoryHandle(path: path))
    }
  }

  private func writeTree(_ word: String) throws {
    let top = try DirectoryHandle(path: path)
    let name = Array(Self.folderName.utf8)
    try TreeRemoval(interruption: Interruption()).remove(name, in: top)
    try top.makeDirectory(name)
    let folder = try top.openDirectory(name)
    func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    func file(_ name: String, _ text: String, at offset: Int = 0) throws {
      let file = try folder.createFile(bytes(name))
      try bytes(text).withUnsafeBytes { try file.write($0, at: offset) }
    }
    try file("word", word)
    try file("only-\(word)", "here")
    try file("large", String(repeating: word + " ", count: 20_000))
    try file("sparse", word, at: 8 << 20)
    try folder.makeLink(bytes("second-name"), to: bytes("word"), in: folder)
    try folder.makeSymlink(bytes("link"), to: bytes("../nowhere/\(word)"))
    try folder.makeDirectory(bytes("empty"), permissions: 0o755)
    let locked = try folder.openWritable(bytes("only-\(word)"))
    try locked.setPermissions(0o440)
    try locked.setTimes(
      accessed: FileTime(seconds: 1, nanoseconds: 2), modified: FileTime(seconds: 981_173_106, nanoseconds: 789_000_000)
    )
    guard volume_shim_sync(folder.descriptor) == 0 else {
      throw FileError(path: folder.path, operation: "sync", code: errno)
    }
  }

  private static func readTree(_ path: String) throws -> String {
    let folder: DirectoryHandle
    do throws(FileError) { folder = try DirectoryHandle(path: path) } catch {
      guard error.isVanished else { throw error }
      return "nothing"
    }
    var lines: [String] = []
    for entry in try folder.entries() {
      let status = try folder.metadata(of: entry.name)
      var line = "\(printablePath(entry.name)) \(status.kind) \(String(status.permissions, radix: 8))"
      line += " \(status.uid) \(status.gid) \(status.modified.seconds).\(status.modified.nanoseconds)"
      switch status.kind {
      case .regular:
        line += " \(status.links) \(status.size) \(try digest(folder.openFile(entry.name), 0..<status.size))"
      case .symlink: line += " \(printablePath(try folder.readLink(entry.name)))"
      default: break
      }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }

  private func writeBlocks(_ word: String) throws {
    let file = open(path, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { throw FileError(path: Array(path.utf8), operation: "write to", code: errno) }
    defer { close(file) }
    let block = Array((word + String(repeating: "\n", count: Self.block)).utf8.prefix(Self.block))
    for offset in [0, try Self.lastBlock(file, path)] {
      guard pwrite(file, block, block.count, off_t(offset)) == block.count else {
        throw FileError(path: Array(path.utf8), operation: "write to", code: errno)
      }
    }
    guard fsync(file) == 0 else { throw FileError(path: Array(path.utf8), operation: "sync", code: errno) }
  }

  private static func readBlocks(_ path: String) throws -> String {
    let file = try FileHandle(path: path)
    let last = try lastBlock(file.descriptor, path)
    return try "\(last + block) bytes, \(digest(file, 0..<block)) \(digest(file, last..<last + block))"
  }

  private static func lastBlock(_ file: Int32, _ path: String) throws -> Int {
    // Also right for block devices, which have no size of their own.
    let size = lseek(file, 0, SEEK_END)
    guard size >= block else { throw Unmet("\(path) has \(size) bytes, too few for a test") }
    return Int(size) - block
  }

  /// Of the bytes that aren't zero, and where they are.
  private static func digest(_ file: FileHandle, _ range: Range<Int>) throws -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for segment in try file.dataSegments(in: range) {
      var bytes = [UInt8](repeating: 0, count: segment.count)
      let count = try bytes.withUnsafeMutableBytes { try file.read(at: segment.lowerBound, into: $0) }
      for index in 0..<count where bytes[index] != 0 {
        hash = (hash ^ UInt64(bytes[index]) ^ UInt64(segment.lowerBound + index) << 8) &* 0x100_0000_01b3
      }
    }
    return String(hash, radix: 16)
  }
}
