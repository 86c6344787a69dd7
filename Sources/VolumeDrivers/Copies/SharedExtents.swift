internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// Tells where two images that share blocks differ, by where the file system keeps them, without reading a byte.
///
/// What lies at the same place of the disk is the same, since both exist: neither's blocks can have been used anew. All else
/// counts as changed, also where a file system can't be sure (compressed, inline, not yet written).
enum SharedExtents {
  /// Ranges that are this near to each other become one.
  private static let gap = 64 << 10
  /// More ranges than this help nobody.
  private static let limit = 1 << 20

  fileprivate struct Extent {
    var range: Range<Int>
    var physical: Int
    var isCertain: Bool
  }

  /// The byte ranges of `new` that may differ from `old`, in order, whole up to the end of the file; nil where the file system
  /// doesn't tell.
  static func difference(
    _ old: FileHandle, _ new: FileHandle, _ interruption: Interruption
  ) throws(FileError) -> [Range<Int>]? {
    let (oldSize, newSize) = (try old.metadata().size, try new.metadata().size)
    guard try old.metadata().device == new.metadata().device, let olds = try extents(old, interruption),
      let news = try extents(new, interruption)
    else { return nil }
    var changed = RangeList(gap: gap)
    var (left, right) = (olds[...], news[...])
    while true {
      // A stretch that lies in one extent, or in none, on either side.
      let start = min(left.first?.range.lowerBound ?? .max, right.first?.range.lowerBound ?? .max)
      guard start < newSize, changed.ranges.count < limit else { break }
      let one = left.first.flatMap { $0.range.contains(start) ? $0 : nil }
      let two = right.first.flatMap { $0.range.contains(start) ? $0 : nil }
      var end = min(one?.range.upperBound ?? .max, two?.range.upperBound ?? .max)
      if one == nil, let next = left.first { end = min(end, next.range.lowerBound) }
      if two == nil, let next = right.first { end = min(end, next.range.lowerBound) }
      let isSame = one.map { one in two.map { $0.isCertain && one.isCertain && $0.physical == one.physical } ?? false }
      if isSame != true { changed.add(start..<end) }
      left.cut(to: end)
      right.cut(to: end)
    }
    if changed.ranges.count >= limit { return nil }
    if newSize > oldSize { changed.add(oldSize..<newSize) }
    return changed.ranges.map { $0.clamped(to: 0..<newSize) }.filter { !$0.isEmpty }
  }

  private static func extents(_ file: FileHandle, _ interruption: Interruption) throws(FileError) -> [Extent]? {
    var extents: [Extent] = []
    var buffer = [volume_shim_extent](repeating: volume_shim_extent(), count: 512)
    while extents.count < limit {
      try interruption.check(file.path)
      let start = extents.last?.range.upperBound ?? 0
      let count = volume_shim_extents(file.descriptor, UInt64(start), &buffer, Int32(buffer.count))
      guard count >= 0 else {
        if errno == EOPNOTSUPP || errno == ENOTTY { return nil }
        throw FileError(path: file.path, operation: "find the extents of", code: errno)
      }
      for extent in buffer[..<Int(count)] {
        guard let from = Int(exactly: extent.start), let length = Int(exactly: extent.length), length > 0,
          from <= Int.max - length, let physical = Int(exactly: extent.physical)
        else { return nil }
        extents.append(Extent(range: from..<(from + length), physical: physical, isCertain: extent.is_certain != 0))
      }
      if count == 0 || buffer[Int(count) - 1].is_last != 0 { return extents }
    }
    return nil
  }
}

extension ArraySlice<SharedExtents.Extent> {
  /// Leaves out what lies before `end`.
  fileprivate mutating func cut(to end: Int) {
    guard let first else { return }
    if first.range.upperBound <= end {
      removeFirst()
    } else if first.range.lowerBound < end {
      self[startIndex].physical += end - first.range.lowerBound
      self[startIndex].range = end..<first.range.upperBound
    }
  }
}

/// Ranges in order, of which near ones become one.
private struct RangeList {
  let gap: Int
  private(set) var ranges: [Range<Int>] = []

  init(gap: Int) { self.gap = gap }

  /// Adds a range that doesn't begin before the last one.
  mutating func add(_ range: Range<Int>) {
    if let last = ranges.last, range.lowerBound - last.upperBound <= gap {
      ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
    } else {
      ranges.append(range)
    }
  }
}
