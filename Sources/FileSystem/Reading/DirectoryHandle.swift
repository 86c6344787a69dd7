internal import CFileShims
import Glibc

/// An open directory. Everything in it is reached by name relative to it, so neither a renamed parent nor a path longer
/// than the system's limit matters, and no symbolic link is ever followed.
///
/// All calls block. Any thread may use it, also several at once.
public final class DirectoryHandle: Sendable {
  /// The path that it was opened by, for messages.
  public let path: [UInt8]
  /// The open file; it closes with this object.
  public let descriptor: Int32

  init(descriptor: Int32, path: [UInt8]) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Opens a directory by its path; symbolic links are followed here (only here), and the path may have any length.
  public convenience init(path: [UInt8]) throws(FileError) {
    let result = openLongPath(path, flags: O_RDONLY | O_DIRECTORY, extra: 0)
    guard result.value >= 0 else { throw FileError(path: path, operation: "open the folder", code: result.code) }
    self.init(descriptor: result.value, path: path)
  }

  /// The same for a path of text.
  public convenience init(path: String) throws(FileError) { try self.init(path: Array(path.utf8)) }

  /// Opens a directory in this one. A symbolic link is refused.
  public func openDirectory(_ name: [UInt8]) throws(FileError) -> DirectoryHandle {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    var result = withCName(name) { file_shim_openat(descriptor, $0, flags, FILE_SHIM_NOATIME, 0) }
    if result.code == EPERM { result = withCName(name) { file_shim_openat(descriptor, $0, flags, 0, 0) } }
    guard result.value >= 0 else { throw failure("open the folder", name, result.code) }
    return DirectoryHandle(descriptor: result.value, path: joined(path, name))
  }

  /// Reads all names, sorted by raw bytes. A million takes well under a second once the kernel has them.
  public func entries() throws(FileError) -> DirectoryListing {
    var listing = DirectoryListing()
    let code = DirectoryListing.read(descriptor: descriptor, into: &listing)
    guard code == 0 else { throw failure("read the folder", [], code) }
    return listing
  }

  /// Waits until everything on its file system is on the disk: one call for any number of files. From Linux 5.8 on it tells what
  /// could not be written since the directory was opened.
  public func synchronizeFileSystem() throws(FileError) {
    guard file_shim_sync_filesystem(descriptor) == 0 else { throw failure("sync the file system of", [], errno) }
  }

  /// What the file system knows of the directory itself.
  public func metadata() throws(FileError) -> FileMetadata {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("look at", [], errno) }
    return FileMetadata(status)
  }

  /// What the file system knows of a file in it; of the link itself if it is a symbolic link.
  public func metadata(of name: [UInt8]) throws(FileError) -> FileMetadata {
    var status = stat()
    let result = withCName(name) { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
    guard result.value == 0 else { throw failure("look at", name, result.code) }
    return FileMetadata(status)
  }

  /// As `metadata(of:)`; nil if it has no file of this name.
  public func metadataIfThere(of name: [UInt8]) throws(FileError) -> FileMetadata? {
    do throws(FileError) { return try metadata(of: name) } catch {
      guard error.code == ENOENT else { throw error }
      return nil
    }
  }

  /// The raw bytes of a symbolic link's target.
  public func readLink(_ name: [UInt8]) throws(FileError) -> [UInt8] {
    var capacity = 256
    while true {
      var code: Int32 = 0
      let target = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        let result = buffer.withMemoryRebound(to: CChar.self) { text in
          withCName(name) { path in
            guard let start = text.baseAddress else { return -1 }
            return readlinkat(descriptor, path, start, text.count)
          }
        }
        (count, code) = (max(0, result.value), result.code)
      }
      guard code == 0 else { throw failure("read the link", name, code) }
      if target.count < capacity { return target }
      guard capacity < 1 << 20 else { throw failure("read the link", name, ENAMETOOLONG) }
      capacity *= 4
    }
  }

  /// Opens a file in it for reading. A symbolic link is refused; a fifo doesn't block.
  ///
  /// - Parameters:
  ///   - noAtime: Leave the time of last access as it is; not possible for another user's files, and then ignored.
  ///   - direct: Read around the page cache; ignored where the file system cannot (see `FileHandle.isDirect`).
  public func openFile(
    _ name: [UInt8], noAtime: Bool = true, direct: Bool = false
  ) throws(FileError) -> FileHandle {
    let result = openForReading(noAtime: noAtime, direct: direct) { flags, extra in
      withCName(name) { file_shim_openat(descriptor, $0, flags | O_NOFOLLOW, extra, 0) }
    }
    guard result.value >= 0 else { throw failure("open", name, result.code) }
    return FileHandle(descriptor: result.value, path: joined(path, name), isDirect: result.isDirect)
  }

  /// An error about the directory, or about a name in it.
  func failure(_ operation: String, _ name: [UInt8], _ code: Int32) -> FileError {
    FileError(path: joined(path, name), operation: operation, code: code)
  }
}

/// Opens for reading, doing without what the file system or our rights refuse.
func openForReading(
  noAtime: Bool, direct: Bool, _ open: (_ flags: Int32, _ extra: Int32) -> CallResult<Int32>
) -> (value: Int32, code: Int32, isDirect: Bool) {
  var extra = (noAtime ? FILE_SHIM_NOATIME : 0) | (direct ? FILE_SHIM_DIRECT : 0)
  while true {
    let result = open(O_RDONLY | O_NONBLOCK | O_NOCTTY, extra)
    if result.code == EPERM, extra & FILE_SHIM_NOATIME != 0 {
      extra &= ~FILE_SHIM_NOATIME
    } else if result.code == EINVAL, extra & FILE_SHIM_DIRECT != 0 {
      extra &= ~FILE_SHIM_DIRECT
    } else {
      return (result.value, result.code, result.value >= 0 && extra & FILE_SHIM_DIRECT != 0)
    }
  }
}

/// Opens a path of any length: one that the system refuses as too long is walked in pieces.
func openLongPath(_ path: [UInt8], flags: Int32, extra: Int32) -> CallResult<Int32> {
  let limit = 4000
  guard path.count > limit else { return withCName(path) { file_shim_openat(AT_FDCWD, $0, flags, extra, 0) } }
  var directory = AT_FDCWD
  var rest = path[...]
  defer { if directory != AT_FDCWD { close(directory) } }
  while rest.count > limit {
    guard let slash = rest.prefix(limit).lastIndex(of: UInt8(ascii: "/")), slash > rest.startIndex else {
      return CallResult(value: -1, code: ENAMETOOLONG)
    }
    let next = withCName(Array(rest[..<slash])) {
      file_shim_openat(directory, $0, O_RDONLY | O_DIRECTORY, FILE_SHIM_PATH, 0)
    }
    guard next.value >= 0 else { return next }
    if directory != AT_FDCWD { close(directory) }
    directory = next.value
    rest = rest[slash...].drop { $0 == UInt8(ascii: "/") }
  }
  return withCName(rest.isEmpty ? [UInt8(ascii: ".")] : Array(rest)) {
    file_shim_openat(directory, $0, flags, extra, 0)
  }
}
