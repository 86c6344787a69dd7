internal import CFileShims
import Glibc

/// Something open whose owner, permissions, attributes and times can be set: always of the very thing that was opened,
/// whatever has its name by now.
public protocol OpenedFile: Sendable {
  /// The path that it was opened by, for messages.
  var path: [UInt8] { get }
  /// The open file.
  var descriptor: Int32 { get }
  /// Whether it is only a place (`O_PATH`): a symbolic link, a fifo, a device.
  var isPathOnly: Bool { get }
}

extension DirectoryHandle: OpenedFile {
  /// Never.
  public var isPathOnly: Bool { false }
}

/// A place in a directory that cannot be opened as a file without effects: a symbolic link, a fifo, a device.
public final class PathHandle: OpenedFile {
  /// The path that it was opened by, for messages.
  public let path: [UInt8]
  /// The place; it closes with this object.
  public let descriptor: Int32
  /// Always.
  public var isPathOnly: Bool { true }

  init(descriptor: Int32, path: [UInt8]) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }
}

extension OpenedFile {
  /// What the file system knows of it.
  public func currentMetadata() throws(FileError) -> FileMetadata {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("look at", errno) }
    return FileMetadata(status)
  }

  /// Gives it to a user and a group. The kernel takes setuid, setgid and capabilities away: set those afterwards.
  public func setOwner(uid: UInt32, gid: UInt32) throws(FileError) {
    let result = uninterrupted { fchownat(descriptor, "", uid, gid, file_shim_at_empty_path) }
    guard result.value == 0 else { throw failure("set the owner of", result.code) }
  }

  /// Sets permissions, setuid, setgid and sticky (the low 12 bits). A symbolic link has none: it gives an error.
  public func setPermissions(_ permissions: UInt32) throws(FileError) {
    let mode = mode_t(permissions & 0o7777)
    let result =
      isPathOnly
      ? withCName(descriptorPath) { chmod($0, mode) }
      : uninterrupted { fchmod(descriptor, mode) }
    guard result.value == 0 else { throw failure("set the permissions of", result.code) }
  }

  /// Sets the times of access and modification.
  public func setTimes(accessed: FileTime, modified: FileTime) throws(FileError) {
    // Larger numbers mean "now" and "leave it" to the kernel.
    guard accessed.nanoseconds < 1_000_000_000, modified.nanoseconds < 1_000_000_000 else {
      throw failure("set the times of", EINVAL)
    }
    var times = (accessed.timespec, modified.timespec)
    let result = withUnsafeBytes(of: &times) { bytes in
      let pair = bytes.bindMemory(to: timespec.self).baseAddress
      return isPathOnly
        ? withCName(descriptorPath) { utimensat(AT_FDCWD, $0, pair, 0) }
        : uninterrupted { futimens(descriptor, pair) }
    }
    guard result.value == 0 else { throw failure("set the times of", result.code) }
  }

  /// Sets an extended attribute; ACLs are among them.
  public func setAttribute(_ attribute: ExtendedAttribute) throws(FileError) {
    let result = attribute.value.withUnsafeBytes { value in
      withCName(Array(attribute.name.utf8)) { name in
        isPathOnly
          ? withCName(descriptorPath) { file_shim_setxattr($0, name, value.baseAddress, value.count) }.asReturned
          : file_shim_fsetxattr(descriptor, name, value.baseAddress, value.count)
      }
    }
    guard result.value == 0 else { throw failure("set the attribute \(attribute.name) of", result.code) }
  }

  /// Removes an extended attribute; that it isn't there is no error.
  public func removeAttribute(_ name: String) throws(FileError) {
    let result = withCName(Array(name.utf8)) { name in
      isPathOnly
        ? withCName(descriptorPath) { file_shim_removexattr($0, name) }.asReturned
        : file_shim_fremovexattr(descriptor, name)
    }
    guard result.value == 0 || result.code == ENODATA else {
      throw failure("remove the attribute \(name) of", result.code)
    }
  }

  /// The names of its extended attributes. One call.
  public func attributeNames() throws(FileError) -> [String] {
    var capacity = 1024
    while true {
      var names: [String] = []
      let result = withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
        let result =
          isPathOnly
          ? withCName(descriptorPath) { file_shim_listxattr($0, buffer.baseAddress, capacity) }
          : uninterrupted { file_shim_flistxattr(descriptor, buffer.baseAddress, capacity) }
        if result.value > 0 {
          names = buffer[..<result.value].split(separator: 0).map {
            String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self)
          }
        }
        return result
      }
      if result.value >= 0 { return names }
      if result.code == EOPNOTSUPP { return [] }
      guard result.code == ERANGE, capacity < 64 << 10 else { throw failure("list the attributes of", result.code) }
      capacity = 64 << 10
    }
  }

  /// A path to the very thing that is open. Needs `/proc`.
  var descriptorPath: [UInt8] { Array("/proc/self/fd/\(descriptor)".utf8) }

  func failure(_ operation: String, _ code: Int32) -> FileError {
    FileError(path: path, operation: operation, code: code)
  }
}

extension CallResult where Value == Int32 {
  /// As the call itself returned it, `errno` included.
  var asReturned: Int32 {
    errno = code
    return value
  }
}

extension FileTime {
  var timespec: timespec {
    Glibc.timespec(tv_sec: Int(clamping: seconds), tv_nsec: Int(nanoseconds))
  }
}
