internal import FileSystem
internal import Glibc

/// Removes trees. No symbolic link is followed, and nothing that is mounted below is entered. What is gone already is fine.
struct TreeRemoval: Sendable {
  let interruption: Interruption
  private let kept: KeptPaths
  private let isRoot: Bool

  /// - Parameters:
  ///   - kept: what stays of a volume.
  ///   - isRoot: whether permissions are in nobody's way.
  init(interruption: Interruption, keeping kept: KeptPaths = KeptPaths(), isRoot: Bool = geteuid() == 0) {
    self.interruption = interruption
    self.kept = kept
    self.isRoot = isRoot
  }

  /// Removes a tree of ours altogether.
  /// - Throws: `FileError` with EXDEV for something that is mounted in it.
  func remove(_ name: [UInt8], in folder: DirectoryHandle) throws(FileError) {
    _ = try remove(name, in: folder, path: nil, depth: 0)
  }

  /// Removes what is in the way in a volume, but for what is kept, and for what isn't the volume's: mounts, other subvolumes and
  /// folders `.holdfast`. These stay with the folders on the way to them.
  /// - Parameter path: the names on the way from the volume's top to the folder.
  func removeFromVolume(_ name: [UInt8], in folder: DirectoryHandle, path: [[UInt8]]) throws(FileError) {
    _ = try remove(name, in: folder, path: path, depth: 0)
  }

  /// Returns whether nothing is left.
  /// - Parameter path: as above; nil for a tree of which nothing stays.
  private func remove(
    _ name: [UInt8], in folder: DirectoryHandle, path: [[UInt8]]?, depth: Int
  ) throws(FileError) -> Bool {
    let keeping = path != nil
    if let path, kept.contains(name, below: path) { return false }
    do throws(FileError) {
      try folder.removeFile(name)
      return true
    } catch {
      if error.code == ENOENT { return true }
      // EPERM is POSIX' answer for a folder; Linux says EISDIR.
      guard error.code == EISDIR || error.code == EPERM else { throw error }
      // Another one who removes it may have been faster.
      guard let found = try folder.metadataIfThere(of: name) else { return true }
      guard found.kind == .directory else { throw error }
    }
    if keeping, name == TreeCopy.reserved { return false }
    guard depth < 2 * TreeCopy.depthLimit else {
      throw FileError(path: folder.path, operation: "remove so many folders in each other at", code: ELOOP)
    }
    var changed: (folder: PathHandle, permissions: UInt32)?
    var isGone = false
    // Only in volumes: another one may be at work in a tree that goes altogether.
    defer { if keeping, !isGone, let changed { try? changed.folder.setPermissions(changed.permissions) } }
    do throws(FileError) {
      changed = try givePermissions(name, in: folder)
      guard let directory = try open(name, in: folder, keeping: keeping) else { return false }
      guard try removeContent(of: directory, path: path.map { $0 + [name] }, depth: depth) else { return false }
      try folder.removeEmptyDirectory(name)
    } catch {
      // Somebody else removes it, too.
      guard error.code == ENOENT else { throw error }
    }
    isGone = true
    return true
  }

  /// Lets us empty a folder. Returns it with the permissions that it had; nil if they do.
  private func givePermissions(
    _ name: [UInt8], in folder: DirectoryHandle
  ) throws(FileError) -> (folder: PathHandle, permissions: UInt32)? {
    if isRoot { return nil }
    let found = try folder.openPath(name)
    let permissions = try found.currentMetadata().permissions
    guard permissions & 0o700 != 0o700 else { return nil }
    try found.setPermissions(permissions | 0o700)
    return (found, permissions)
  }

  private func open(
    _ name: [UInt8], in folder: DirectoryHandle, keeping: Bool
  ) throws(FileError) -> DirectoryHandle? {
    do throws(FileError) {
      let directory = try folder.openDirectoryOfSameMount(name)
      guard keeping else { return directory }
      return try directory.metadata().device == folder.metadata().device ? directory : nil
    } catch {
      guard keeping, error.code == EXDEV else { throw error }
      return nil
    }
  }

  private func removeContent(of directory: DirectoryHandle, path: [[UInt8]]?, depth: Int) throws(FileError) -> Bool {
    var isEmpty = true
    for entry in try directory.entries() {
      try interruption.check(directory.path)
      if try !remove(entry.name, in: directory, path: path, depth: depth + 1) { isEmpty = false }
    }
    return isEmpty
  }
}
