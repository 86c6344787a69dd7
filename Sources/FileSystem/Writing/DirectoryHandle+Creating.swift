internal import CFileShims
import Glibc

/// Nothing here follows a symbolic link, and a name that isn't plain (`..`, `a/b`) is refused: what is made lies in this
/// directory and nowhere else.
extension DirectoryHandle {
  /// Makes a directory.
  /// - Parameter permissions: less the process' umask.
  public func makeDirectory(_ name: [UInt8], permissions: UInt32 = 0o700) throws(FileError) {
    try call("make the folder", name) { mkdirat(descriptor, $0, mode_t(permissions & 0o777)) }
  }

  /// Makes a file that wasn't there and opens it.
  /// - Parameter permissions: less the process' umask; never setuid or the like.
  public func createFile(_ name: [UInt8], permissions: UInt32 = 0o600) throws(FileError) -> WritableFile {
    let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY
    let opened = try call("make", name) {
      file_shim_openat(descriptor, $0, flags, 0, mode_t(permissions & 0o777))
    }
    return WritableFile(descriptor: opened, path: joined(path, name))
  }

  /// Opens a file that is there for writing and reading. Anything but a regular file is an error.
  public func openWritable(_ name: [UInt8]) throws(FileError) -> WritableFile {
    // Not blocking: it may be a fifo.
    let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let opened = try call("write to", name) { file_shim_openat(descriptor, $0, flags, 0, 0) }
    let file = WritableFile(descriptor: opened, path: joined(path, name))
    guard try file.currentMetadata().kind == .regular else { throw failure("write to", name, EEXIST) }
    return file
  }

  /// Opens a place without opening what is there: for a symbolic link, a fifo or a device.
  public func openPath(_ name: [UInt8]) throws(FileError) -> PathHandle {
    let opened = try call("look at", name) { file_shim_openat(descriptor, $0, O_NOFOLLOW, FILE_SHIM_PATH, 0) }
    return PathHandle(descriptor: opened, path: joined(path, name))
  }

  /// Makes a symbolic link that holds `target`, whatever that may be.
  public func makeSymlink(_ name: [UInt8], to target: [UInt8]) throws(FileError) {
    try call("make the symbolic link", name) { name in
      withCName(target) { symlinkat($0, descriptor, name) }.asReturned
    }
  }

  /// Gives a file in `folder` another name in this directory. A symbolic link gets it itself, not what it points to.
  public func makeLink(_ name: [UInt8], to existing: [UInt8], in folder: DirectoryHandle) throws(FileError) {
    guard isPlainName(existing) else { throw folder.failure("make a link to", existing, EINVAL) }
    try call("make the hard link", name) { name in
      withCName(existing) { linkat(folder.descriptor, $0, descriptor, name, 0) }.asReturned
    }
  }

  /// Makes a fifo; also a device, for which the system wants root.
  /// - Parameter device: Linux' `dev_t`; 0 for a fifo.
  public func makeNode(
    _ name: [UInt8], kind: FileKind, device: UInt64 = 0, permissions: UInt32 = 0o600
  ) throws(FileError) {
    let type: UInt32
    switch kind {
    case .fifo: type = 0o010000
    case .characterDevice: type = 0o020000
    case .blockDevice: type = 0o060000
    case .regular, .directory, .symlink, .socket, .unknown: throw failure("make the node", name, EINVAL)
    }
    let what = kind == .fifo ? "make the fifo" : "make the device"
    try call(what, name) { mknodat(descriptor, $0, mode_t(type | permissions & 0o777), dev_t(device)) }
  }

  /// Sets the times of access and modification of what has a name here, without opening it; of a symbolic link its own.
  public func setTimes(of name: [UInt8], accessed: FileTime, modified: FileTime) throws(FileError) {
    // Larger numbers mean "now" and "leave it" to the kernel.
    guard accessed.nanoseconds < 1_000_000_000, modified.nanoseconds < 1_000_000_000 else {
      throw failure("set the times of", name, EINVAL)
    }
    let times = [accessed.timespec, modified.timespec]
    try call("set the times of", name) { utimensat(descriptor, $0, times, AT_SYMLINK_NOFOLLOW) }
  }

  /// Removes a file, link or node; a directory is an error.
  public func removeFile(_ name: [UInt8]) throws(FileError) {
    try call("remove", name) { unlinkat(descriptor, $0, 0) }
  }

  /// Removes an empty directory.
  public func removeEmptyDirectory(_ name: [UInt8]) throws(FileError) {
    try call("remove the folder", name) { unlinkat(descriptor, $0, AT_REMOVEDIR) }
  }

  /// Renames within this directory, replacing what has the new name.
  public func rename(_ name: [UInt8], to newName: [UInt8]) throws(FileError) {
    guard isPlainName(newName) else { throw failure("rename to", newName, EINVAL) }
    try call("rename", name) { name in
      withCName(newName) { renameat(descriptor, name, descriptor, $0) }.asReturned
    }
  }

  /// Renames within this directory if nothing has the new name yet; `FileError.isThere` if something has.
  public func renameToNew(_ name: [UInt8], _ newName: [UInt8]) throws(FileError) {
    guard isPlainName(newName) else { throw failure("rename to", newName, EINVAL) }
    try call("rename", name) { name in
      withCName(newName) { file_shim_rename_new(descriptor, name, descriptor, $0) }.asReturned
    }
  }

  /// A call about a name in this directory.
  @discardableResult
  private func call(
    _ operation: String, _ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Int32
  ) throws(FileError) -> Int32 {
    guard isPlainName(name) else { throw failure(operation, name, EINVAL) }
    let result = withCName(name, body)
    guard result.value >= 0 else { throw failure(operation, name, result.code) }
    return result.value
  }
}
