internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// Copies what a clone holds into a folder, which is made if need be: a tree with everything in it, an image or a device as a
/// file there.
///
/// Files of the same name are replaced, each in one instant, and what else the folder has stays. Blocks are shared with the clone
/// where the file system can. It is on the disk when this returns; a second call after any failure finishes what was begun.
/// - Parameters:
///   - folder: an absolute path.
///   - imageName: what the file of an image or a device is called.
/// - Throws: `.permanent` where a folder that isn't empty is in the way of something else; `.retryable` while another copy or restore
///   goes to that folder, and when it was cancelled; `.full`.
public func copyClone(
  _ place: DriverClone.Place, to folder: String, imageName: String, progress: CopyProgress = CopyProgress()
) async throws(DriverError) {
  try await blocking { interruption throws(DriverError) in
    let what = "what is in \(printable(place.path)) was not wholly copied to \(printable(folder))"
    try explaining(what) { () throws(FileError) in
      let target = try makeFolders(Array(folder.utf8))
      switch place {
      case .folder(let path):
        try lockForRestore(target.descriptor, target.path)
        let copy = TreeCopy(to: target, sharing: .preferred, interruption: interruption)
        copy.keepsOthers = true
        copy.content.progress = progress
        try copy.run(from: DirectoryHandle(path: path), isNew: false)
        guard volume_shim_sync(target.descriptor) == 0 else {
          throw FileError(path: target.path, operation: "sync", code: errno)
        }
      case .image(let path), .device(let path):
        try ImageReplacement(
          folder: target, name: Array(imageName.utf8), sharing: .preferred, interruption: interruption,
          progress: progress
        ).run(from: FileHandle(path: path))
      }
    }
  }
}
