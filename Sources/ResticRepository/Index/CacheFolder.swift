internal import BlobIndex
internal import Glibc

/// The folder that holds a repository's index cache. Its calls block.
struct CacheFolder {
  let path: String
  var file: String { "\(path)/index" }

  /// Half-written files of processes that died are kept for so long.
  private static let leftoverAge = 60 * 60

  /// Makes the folder and those above it.
  func make() throws(IndexCacheError) {
    var end = path.startIndex
    while end < path.endIndex {
      end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
      guard mkdir(String(path[..<end]), 0o700) != 0, errno != EEXIST else { continue }
      throw IndexCacheError("the cache folder \(path) can't be made: \(String(cString: strerror(errno)))")
    }
  }

  /// Removes what processes that died left behind.
  func sweep() {
    guard let folder = opendir(path) else { return }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard name.hasPrefix("index-tmp-") else { continue }
      var status = stat()
      let file = "\(path)/\(name)"
      if lstat(file, &status) == 0, time(nil) - status.st_mtim.tv_sec > Self.leftoverAge { unlink(file) }
    }
  }
}
