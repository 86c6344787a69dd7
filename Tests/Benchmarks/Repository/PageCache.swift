import Foundation
import Glibc
import TestSupport

/// Whether the files that a job reads are in memory before it starts.
enum PageCache: String, CaseIterable {
  case warm, cold

  /// Brings the machine into this state for `folders`. What was written before is on disk then, so that it disturbs nobody.
  func prepare(_ folders: [URL]) throws {
    sync()
    switch self {
    case .warm: for folder in folders { try readAll(folder) }
    case .cold:
      let file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC)
      defer { close(file) }
      guard file >= 0, write(file, "3", 1) == 1 else {
        throw TestSupportError("only root may drop the page cache: measure with --cache warm")
      }
    }
  }

  private func readAll(_ folder: URL) throws {
    try shell(#"find "$1" -type f -print0 | xargs -0 -r -n 1000 cat >/dev/null"#, [folder.path])
  }
}

/// How many bytes the files below `folder` have, and how many files there are.
func size(of folder: URL) throws -> (bytes: Int, files: Int) {
  guard let walk = FileManager.default.enumerator(atPath: folder.path) else {
    throw TestSupportError("cannot read \(folder.path)")
  }
  var total = (bytes: 0, files: 0)
  while let name = walk.nextObject() as? String {
    var information = stat()
    guard lstat(folder.path + "/" + name, &information) == 0 else { continue }
    if information.st_mode & S_IFMT == S_IFREG { total = (total.bytes + Int(information.st_size), total.files + 1) }
  }
  return total
}
