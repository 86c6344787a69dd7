internal import FileSystem
internal import Glibc
internal import ResticFormat

/// What a target has and the backup doesn't goes, if that is asked for; but nothing that isn't the target's own.
extension Walker {
  /// Whether a folder of the target belongs to another file system, to another subvolume, or is mounted there.
  func isElsewhere(_ name: [UInt8], in parent: TargetFolder) throws(FileError) -> Bool {
    if parent.isNew { return false }
    let handle = try folders.handle(parent)
    let device = try handle.metadata().device
    do throws(FileError) {
      return try handle.openDirectoryOfSameMount(name).metadata().device != device
    } catch {
      if error.code == EXDEV { return true }
      guard let found = try handle.metadataIfThere(of: name) else { return false }
      return found.kind == .directory && found.device != device
    }
  }

  /// Removes what a folder of the target has and the backup doesn't.
  func removeSurplus(in number: Int) throws {
    guard request.deletes, !frames[number].isElsewhere, let folder = frames[number].folder, !folder.isNew else {
      return
    }
    let wanted = Set(frames[number].nodes.map(\.name))
    let handle: DirectoryHandle
    let entries: DirectoryListing
    do throws(FileError) {
      handle = try folders.handle(folder)
      entries = try handle.entries()
    } catch {
      try problems.add(.writing, error)
      return
    }
    for entry in entries where !wanted.contains(entry.name) {
      let path = frames[number].path + [entry.name]
      if !request.includes.isEmpty, !request.includes.matches(path) { continue }
      do throws(FileError) {
        let cleared = try clear(entry.name, at: path, in: handle)
        progress.deleted.count(cleared.removed)
        if cleared.isGone { request.onItem?(.init(path: folder.path(of: entry.name), action: .deleted, size: 0)) }
      } catch { try problems.add(.writing, error) }
    }
  }

  struct Cleared {
    /// How many things were removed.
    var removed = 0
    /// Whether nothing is left.
    var isGone = true
  }

  /// Removes what has a name in the target, but for other file systems and subvolumes, and for what is excluded: these stay, with the
  /// folders on the way to them. No symbolic link is followed.
  func clear(
    _ name: [UInt8], at path: [[UInt8]], in folder: DirectoryHandle, depth: Int = 0
  ) throws(FileError) -> Cleared {
    if isExcluded(path) { return Cleared(isGone: false) }
    let metadata = try folder.metadata(of: name)
    guard metadata.kind == .directory else {
      if !request.isDryRun { try folder.removeFile(name) }
      return Cleared(removed: 1)
    }
    guard metadata.device == (try folder.metadata().device) else { return Cleared(isGone: false) }
    // Each level holds an open directory.
    guard depth < 500 else { throw FileError(path: folder.path, operation: "remove so deep a folder in", code: ELOOP) }
    let inner: DirectoryHandle
    do throws(FileError) { inner = try folder.openDirectoryOfSameMount(name) } catch {
      guard error.code == EXDEV else { throw error }
      return Cleared(isGone: false)
    }
    var cleared = Cleared()
    for entry in try inner.entries() {
      let more = try clear(entry.name, at: path + [entry.name], in: inner, depth: depth + 1)
      cleared.removed += more.removed
      if !more.isGone { cleared.isGone = false }
    }
    if cleared.isGone {
      if !request.isDryRun { try folder.removeEmptyDirectory(name) }
      cleared.removed += 1
    }
    return cleared
  }
}
