internal import CFileShims
import Glibc

extension FileHandle {
  /// The next stretch of data within a range, or nil if only a hole follows.
  ///
  /// On a file system that knows no holes, the whole range. Data may hold zeros; a hole never holds anything else.
  public func nextData(in range: Range<Int>) throws(FileError) -> Range<Int>? {
    guard !range.isEmpty else { return nil }
    let start = file_shim_seek_data(descriptor, off_t(range.lowerBound))
    if start < 0 {
      let code = errno
      if code == ENXIO { return nil }
      if code == EINVAL || code == ENOTSUP || code == ESPIPE || code == ENOTTY { return range }
      throw failure("look for holes in", code)
    }
    guard start < range.upperBound else { return nil }
    let end = file_shim_seek_hole(descriptor, start)
    // It shrank between the two calls.
    if end < 0 { return Int(start)..<range.upperBound }
    return Int(start)..<min(Int(end), range.upperBound)
  }

  /// All stretches of data within a range, in order. Ask for ranges of bounded length: a file may have any number.
  public func dataSegments(in range: Range<Int>) throws(FileError) -> [Range<Int>] {
    var segments: [Range<Int>] = []
    var position = range.lowerBound
    while position < range.upperBound, let next = try nextData(in: position..<range.upperBound) {
      segments.append(next)
      position = max(next.upperBound, position + 1)
    }
    return segments
  }
}
