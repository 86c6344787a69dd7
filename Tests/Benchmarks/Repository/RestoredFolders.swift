import Foundation
import Glibc
import TestSupport

/// Where restores go. What is restored stays until all restores of the same data are done: for minutes after files were removed,
/// ext4 looks at each of their inodes again whenever it needs a new one, which takes longer than a restore.
struct RestoredFolders {
  let folder: URL

  /// A new place, empty.
  func newFolder() throws -> URL {
    if try !hasRoom() { try clear() }
    let new = folder.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: new, withIntermediateDirectories: true)
    return new
  }

  /// Takes what was restored out of memory, so that it takes none from those that come after.
  func forget(_ target: URL) {
    sync()
    guard let walk = FileManager.default.enumerator(atPath: target.path) else { return }
    while let name = walk.nextObject() as? String {
      let file = open(target.path + "/" + name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { continue }
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
      close(file)
    }
  }

  /// Removes all.
  func clear() throws { try shell(#"rm -rf "$1""#, [folder.path]) }

  /// An eighth of the blocks and inodes is free.
  private func hasRoom() throws -> Bool {
    var status = statvfs()
    guard statvfs(folder.deletingLastPathComponent().path, &status) == 0 else {
      throw TestSupportError("cannot look at \(folder.path)")
    }
    return status.f_bavail > status.f_blocks / 8 && (status.f_files == 0 || status.f_favail > status.f_files / 8)
  }
}
