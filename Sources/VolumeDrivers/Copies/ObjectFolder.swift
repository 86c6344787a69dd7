internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// A folder in which each entry of an allowed name is a whole snapshot or clone, made by copying.
///
/// One is made as `.new-NAME-…` under a lock that dies with its process, and gets its name when it is whole; it is removed as
/// `.gone-NAME-…`. So whoever is killed leaves nothing that could be taken for an object, and the next call clears it away.
struct ObjectFolder {
  let folder: DirectoryHandle
  let interruption: Interruption

  /// Whether an object is there, and what it is.
  func find(_ name: String) throws(FileError) -> FileMetadata? {
    try folder.metadataIfThere(of: Array(name.utf8))
  }

  /// Makes an object, or leaves the one that is there.
  /// - Parameters:
  ///   - isFile: whether it is a file, else a folder.
  ///   - mustLast: whether it has to outlive a power cut once this has returned. Either way it is whole if it is there.
  ///   - fill: copies into the new, empty folder or file, and tells whether it wrote bytes rather than shared blocks.
  func make(
    _ name: String, isFile: Bool, mustLast: Bool,
    fill: (_ unfinished: UnfinishedObject) throws(FileError) -> Bool
  ) throws(FileError) {
    if try find(name) == nil {
      try clear()
      let (temporary, unfinished) = try makeUnfinished(name, isFile: isFile)
      do throws(FileError) {
        // Names reach the disk in order after the blocks that are shared, but before bytes that are only in memory.
        if try fill(unfinished) { try synchronize() }
        try finish(temporary, name)
      } catch {
        // The first failure is the one to tell; what is left is cleared away by the next call.
        try? TreeRemoval(interruption: Interruption()).remove(temporary, in: folder)
        throw error
      }
    }
    // Also for one that was there: its maker may have been killed right before this.
    if mustLast { try commit() }
  }

  private func makeUnfinished(_ name: String, isFile: Bool) throws(FileError) -> ([UInt8], UnfinishedObject) {
    for _ in 0..<100 {
      let temporary = temporaryName(".new-\(name)")
      let object: UnfinishedObject
      do throws(FileError) {
        if isFile {
          object = .file(try folder.createFile(temporary))
        } else {
          try folder.makeDirectory(temporary)
          object = .folder(try folder.openDirectory(temporary))
        }
        guard volume_shim_lock(object.descriptor, 0) == 0, try folder.metadata(of: temporary).inode == object.inode()
        else { continue }
        return (temporary, object)
      } catch {
        // Without a lock yet, it was taken for abandoned and removed; or the whole folder was.
        guard error.code == ENOENT, try folder.metadata().links > 0 else { throw error }
      }
    }
    throw FileError(path: folder.path, operation: "begin a copy in", code: EBUSY)
  }

  private func finish(_ temporary: [UInt8], _ name: String) throws(FileError) {
    let name = Array(name.utf8)
    do throws(FileError) { try folder.renameToNew(temporary, name) } catch {
      if error.isThere {
        // Another attempt of the same step was faster, and its object is as good.
        return try TreeRemoval(interruption: interruption).remove(temporary, in: folder)
      }
      guard error.code == EINVAL || error.code == ENOSYS else { throw error }
      // A file system without that call; a folder doesn't replace another one that has something in it either.
      try folder.rename(temporary, to: name)
    }
  }

  /// Removes an object, and what killed calls have left. One that is not there is fine.
  /// - Throws: `FileError` with EBUSY while somebody copies from it.
  func remove(_ name: String) throws(FileError) {
    do throws(FileError) {
      let object = try folder.openFile(Array(name.utf8))
      try ObjectLock.take(object.descriptor, .alone, "remove, while it is in use,", object.path)
      // The lock ends with `object`.
      try withExtendedLifetime(object) { () throws(FileError) in
        try folder.rename(Array(name.utf8), to: temporaryName(".gone-\(name)"))
      }
    } catch {
      guard error.code == ENOENT else { throw error }
    }
    try clear()
  }

  /// Removes what killed calls have left. What a living process still makes, stays.
  private func clear() throws(FileError) {
    let (new, gone) = (Array(".new-".utf8), Array(".gone-".utf8))
    let removal = TreeRemoval(interruption: interruption)
    for entry in try entries() {
      if entry.name.starts(with: gone) {
        try removal.remove(entry.name, in: folder)
      } else if entry.name.starts(with: new), let unfinished = try abandoned(entry.name) {
        // Locked until it is gone: a maker that has just begun it must not take what is being removed for its own.
        try withExtendedLifetime(unfinished) { () throws(FileError) in try removal.remove(entry.name, in: folder) }
      }
    }
  }

  /// What a killed call has begun, under its lock, which ends with the result; nil if its maker lives.
  private func abandoned(_ name: [UInt8]) throws(FileError) -> FileHandle? {
    do throws(FileError) {
      let file = try folder.openFile(name)
      return volume_shim_lock(file.descriptor, 0) == 0 ? file : nil
    } catch {
      guard error.code == ENOENT else { throw error }
      return nil
    }
  }

  /// What is in the folder: nothing once somebody else has removed it, as whoever finds it empty does.
  private func entries() throws(FileError) -> DirectoryListing {
    do throws(FileError) { return try folder.entries() } catch {
      guard error.code == ENOENT else { throw error }
      return DirectoryListing()
    }
  }

  /// All objects, by name.
  func objects(_ kind: DriverObject.Kind) throws(FileError) -> [DriverObject] {
    var found: [DriverObject] = []
    for entry in try entries() {
      let name = String(decoding: entry.name, as: UTF8.self)
      guard ObjectName.isAllowed(name), let status = try find(name) else { continue }
      found.append(describe(name, kind, status))
    }
    return found
  }

  /// What is known of an object.
  func describe(_ name: String, _ kind: DriverObject.Kind, _ status: FileMetadata) -> DriverObject {
    var seconds: Int64 = 0
    let isKnown = volume_shim_born(folder.descriptor, name, &seconds) == 0
    return DriverObject(
      kind: kind, name: name, createdAt: isKnown ? Int(seconds) : nil,
      bytes: status.kind == .regular ? status.size : nil)
  }

  private func synchronize() throws(FileError) {
    guard volume_shim_sync(folder.descriptor) == 0 else {
      throw FileError(path: folder.path, operation: "sync", code: errno)
    }
  }

  private func commit() throws(FileError) {
    guard volume_shim_commit(folder.descriptor) == 0 else {
      let code = errno
      // Some file systems have no such call for folders.
      if code == EINVAL || code == EOPNOTSUPP { return try synchronize() }
      throw FileError(path: folder.path, operation: "sync", code: code)
    }
  }
}

/// An object that has not got its name yet.
enum UnfinishedObject {
  case folder(DirectoryHandle)
  case file(WritableFile)

  var descriptor: Int32 {
    switch self {
    case .folder(let folder): folder.descriptor
    case .file(let file): file.descriptor
    }
  }

  func inode() throws(FileError) -> UInt64 {
    switch self {
    case .folder(let folder): try folder.metadata().inode
    case .file(let file): try file.currentMetadata().inode
    }
  }
}
