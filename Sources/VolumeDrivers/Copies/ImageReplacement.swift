internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// Puts an image into a file in one instant, so that there is the old one or all of the new one, whatever happens.
struct ImageReplacement {
  let folder: DirectoryHandle
  let name: [UInt8]
  let sharing: FileContent.Sharing
  let interruption: Interruption
  var progress: CopyProgress?

  /// - Parameter image: an image file or a block device.
  func run(from image: FileHandle) throws(FileError) {
    let temporary = Array(".".utf8) + name.prefix(200) + Array(".holdfast-new".utf8)
    try removeAbandoned(temporary)
    let file = try folder.createFile(temporary)
    do throws(FileError) {
      try lockForRestore(file.descriptor, file.path)
      _ = try Content.image(image).copy(to: .file(file), sharing, interruption, progress: progress)
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

  private func removeAbandoned(_ temporary: [UInt8]) throws(FileError) {
    do throws(FileError) {
      let file = try folder.openFile(temporary)
      try lockForRestore(file.descriptor, file.path)
      // Locked until it is gone: it may be what another restore has just begun.
      try withExtendedLifetime(file) { () throws(FileError) in try folder.removeFile(temporary) }
    } catch {
      guard error.code == ENOENT else { throw error }
    }
  }
}

/// Locks what a restore writes to, until it is closed: two at once would undo each other's work.
/// - Throws: `FileError` with EBUSY where another one has it.
func lockForRestore(_ descriptor: Int32, _ path: [UInt8]) throws(FileError) {
  guard volume_shim_lock(descriptor, 0) == 0 else {
    throw FileError(
      path: path, operation: "begin while another restore is under way in",
      code: errno == EWOULDBLOCK ? EBUSY : errno)
  }
}
