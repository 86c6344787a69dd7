internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// Brings a volume's content back from a snapshot, in place.
struct VolumeRestore {
  let volume: VolumePlace
  let snapshot: String
  let sharing: FileContent.Sharing
  let interruption: Interruption
  /// See `TreeCopy.unchangedBefore`.
  var unchangedBefore: FileTime?

  private var what: String {
    "the volume \(volume.source.label) was not wholly restored from the snapshot \"\(snapshot)\""
  }

  func run(from content: Content) throws(DriverError) {
    switch content {
    case .folder(let folder): try restoreFolder(folder)
    case .image(let file): try restoreImage(file)
    }
  }

  private func restoreFolder(_ from: DirectoryHandle) throws(DriverError) {
    if volume.content == .nothing {
      try explaining(what) { () throws(FileError) in
        try DirectoryHandle(path: parentPath(volume.path)).makeDirectory(lastName(volume.path))
      }
    } else if volume.content != .folder {
      throw wrongSort("folder")
    }
    try explaining(what) { () throws(FileError) in
      let target = try DirectoryHandle(path: volume.path)
      try lock(target.descriptor)
      let copy = TreeCopy(to: target, sharing: sharing, interruption: interruption)
      copy.unchangedBefore = unchangedBefore
      try copy.run(from: from, isNew: false)
      try synchronize(target)
    }
  }

  /// The image is replaced in one instant, by a whole one.
  private func restoreImage(_ from: FileHandle) throws(DriverError) {
    guard volume.content == .image || volume.content == .nothing else { throw wrongSort("file") }
    try explaining(what) { () throws(FileError) in
      let folder = try DirectoryHandle(path: parentPath(volume.path))
      let name = lastName(volume.path)
      let temporary = Array(".".utf8) + name.prefix(200) + Array(".holdfast-new".utf8)
      try removeAbandoned(temporary, in: folder)
      let file = try folder.createFile(temporary)
      do throws(FileError) {
        try lock(file.descriptor)
        _ = try Content.image(from).copy(to: .file(file), sharing, interruption)
        try file.synchronize()
        try folder.rename(temporary, to: name)
      } catch {
        // The first failure is the one to tell; the next call removes what is left.
        try? folder.removeFile(temporary)
        throw error
      }
      guard volume_shim_commit(folder.descriptor) == 0 else {
        throw FileError(path: folder.path, operation: "sync", code: errno)
      }
    }
  }

  private func removeAbandoned(_ name: [UInt8], in folder: DirectoryHandle) throws(FileError) {
    do throws(FileError) {
      let file = try folder.openFile(name)
      try lock(file.descriptor)
      // Locked until it is gone: it may be what another restore has just begun.
      try withExtendedLifetime(file) { () throws(FileError) in try folder.removeFile(name) }
    } catch {
      guard error.code == ENOENT else { throw error }
    }
  }

  private func wrongSort(_ wanted: String) -> DriverError {
    DriverError(.permanent, "\(what): the snapshot is a \(wanted), and \(printablePath(volume.path)) is not.")
  }

  /// Two at once would undo each other's work.
  private func lock(_ descriptor: Int32) throws(FileError) {
    guard volume_shim_lock(descriptor, 0) == 0 else {
      throw FileError(
        path: volume.path, operation: "begin while another restore is under way in",
        code: errno == EWOULDBLOCK ? EBUSY : errno)
    }
  }

  private func synchronize(_ folder: DirectoryHandle) throws(FileError) {
    guard volume_shim_sync(folder.descriptor) == 0 else {
      throw FileError(path: folder.path, operation: "sync", code: errno)
    }
  }
}
