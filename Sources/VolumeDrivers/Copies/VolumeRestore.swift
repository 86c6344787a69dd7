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
  /// What of a folder stays as it is.
  var isKept: PathTest?

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
      try lockForRestore(target.descriptor, volume.path)
      let copy = TreeCopy(to: target, sharing: sharing, interruption: interruption, keeping: KeptPaths(isKept))
      copy.unchangedBefore = unchangedBefore
      try copy.run(from: from, isNew: false)
      try synchronize(target)
    }
  }

  private func restoreImage(_ from: FileHandle) throws(DriverError) {
    guard volume.content == .image || volume.content == .nothing else { throw wrongSort("file") }
    try explaining(what) { () throws(FileError) in
      try ImageReplacement(
        folder: DirectoryHandle(path: parentPath(volume.path)), name: lastName(volume.path), sharing: sharing,
        interruption: interruption
      ).run(from: from)
    }
  }

  private func wrongSort(_ wanted: String) -> DriverError {
    DriverError(.permanent, "\(what): the snapshot is a \(wanted), and \(printablePath(volume.path)) is not.")
  }

  private func synchronize(_ folder: DirectoryHandle) throws(FileError) {
    guard volume_shim_sync(folder.descriptor) == 0 else {
      throw FileError(path: folder.path, operation: "sync", code: errno)
    }
  }
}
