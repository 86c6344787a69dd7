internal import CFileShims
import Glibc

extension DirectoryHandle {
  /// Opens a directory any number of levels below this one. No symbolic link is followed on the way, and a component that
  /// isn't plain is refused.
  /// - Parameter components: the names on the way down; none opens this directory again.
  public func openDirectory(beneath components: [[UInt8]]) throws(FileError) -> DirectoryHandle {
    var directory = self
    var rest = components[...]
    repeat {
      let piece = Self.leadingPath(of: &rest)
      directory = try directory.openDirectory(piece)
    } while !rest.isEmpty
    return directory
  }

  /// Opens a directory in this one unless something else is mounted there (EXDEV, also for a bind mount of the same file
  /// system). A symbolic link is refused.
  public func openDirectoryOfSameMount(_ name: [UInt8]) throws(FileError) -> DirectoryHandle {
    guard isPlainName(name) else { throw failure("open the folder", name, EINVAL) }
    for _ in 0..<100 {
      let result = withCName(name) {
        file_shim_open_beneath(descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, FILE_SHIM_SAME_MOUNT)
      }
      if result.value >= 0 { return DirectoryHandle(descriptor: result.value, path: joined(path, name)) }
      if result.code == EAGAIN { continue }
      if result.code == ENOSYS || result.code == EPERM { break }
      throw failure("open the folder", name, result.code)
    }
    // Without the call a bind mount can't be told from a folder, another file system can.
    let folder = try openDirectory(name)
    guard try folder.metadata().device == metadata().device else { throw failure("open the folder", name, EXDEV) }
    return folder
  }

  /// As many components as one call can take, joined.
  private static func leadingPath(of rest: inout ArraySlice<[UInt8]>) -> [[UInt8]] {
    var piece: [[UInt8]] = []
    var length = 0
    while let next = rest.first, piece.isEmpty || length + next.count < 4000 {
      piece.append(next)
      length += next.count + 1
      rest.removeFirst()
    }
    return piece
  }

  private func openDirectory(_ components: [[UInt8]]) throws(FileError) -> DirectoryHandle {
    let name = Array(components.joined(separator: [UInt8(ascii: "/")]))
    guard components.allSatisfy(isPlainName) else { throw failure("open the folder", name, EINVAL) }
    if name.isEmpty {
      let result = uninterrupted { file_shim_openat(descriptor, ".", O_RDONLY | O_DIRECTORY, 0, 0) }
      guard result.value >= 0 else { throw failure("open the folder", [], result.code) }
      return DirectoryHandle(descriptor: result.value, path: path)
    }
    // EAGAIN: something was renamed just then, so the kernel could not be sure.
    for _ in 0..<100 {
      let result = withCName(name) {
        file_shim_open_beneath(descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
      }
      if result.value >= 0 { return DirectoryHandle(descriptor: result.value, path: joined(path, name)) }
      if result.code == EAGAIN { continue }
      // An old kernel, or a sandbox that doesn't know the call.
      if result.code == ENOSYS || result.code == EPERM { break }
      throw failure("open the folder", name, result.code)
    }
    var directory = self
    for component in components { directory = try directory.openDirectory(component) }
    return directory
  }

  /// Removes what has a name here, a directory with all that is in it. No symbolic link is followed.
  /// - Returns: how many things were removed.
  @discardableResult
  public func removeAll(_ name: [UInt8], depth: Int = 0) throws(FileError) -> Int {
    guard isPlainName(name) else { throw failure("remove", name, EINVAL) }
    guard try metadata(of: name).kind == .directory else {
      try removeFile(name)
      return 1
    }
    // Each level holds an open directory.
    guard depth < 500 else { throw failure("remove the folder", name, ELOOP) }
    let folder = try openDirectory(name)
    var removed = 1
    for entry in try folder.entries() { removed += try folder.removeAll(entry.name, depth: depth + 1) }
    try removeEmptyDirectory(name)
    return removed
  }
}
