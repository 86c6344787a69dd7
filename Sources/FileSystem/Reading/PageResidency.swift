internal import Glibc

/// Which pages of a stretch of a file the page cache held at a moment.
///
/// A backup reads much that nobody else will read soon. It gives back the pages that it alone has brought in, so that those
/// that an application works with stay.
public struct PageResidency: Sendable {
  private var stretches: [Stretch] = []

  /// Looks at a stretch of an open file; nil if the system doesn't tell.
  /// - Parameter reach: how far from data the holes of the file are read, too, and so are looked at: they may be a thousand times as
  ///   long as the data. Nil if everything is read.
  public init?(_ file: FileHandle, _ range: Range<Int>, holesUpTo reach: Int? = nil) {
    var position = range.lowerBound
    while position < range.upperBound {
      var part = position..<range.upperBound
      if let reach {
        guard let data = try? file.nextData(in: part) else { return }
        // Each part is longer than the reach, so that there are few of them, however the data lie.
        part = max(position, data.lowerBound - reach)..<min(data.upperBound + reach, range.upperBound)
      }
      guard let stretch = Stretch(file, part) else { return nil }
      stretches.append(stretch)
      position = part.upperBound
    }
  }

  /// How many pages were looked at.
  package var pageCount: Int { stretches.reduce(0) { $0 + $1.pages.count } }

  /// Lets go of the pages that were not there before.
  public func dropOthers(from file: FileHandle) {
    for stretch in stretches { stretch.dropOthers(from: file) }
  }
}

/// Bytes of a page of the page cache.
let pageSize = max(1, sysconf(CInt(_SC_PAGESIZE)))

/// Pages that lie behind each other.
private struct Stretch: Sendable {
  /// Where the first one begins in the file.
  let start: Int
  /// One byte a page; the lowest bit says whether it is there.
  let pages: [UInt8]

  init?(_ file: FileHandle, _ range: Range<Int>) {
    let start = range.lowerBound / pageSize * pageSize
    let length = range.upperBound - start
    guard length > 0, let address = mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor, off_t(start)),
      address != MAP_FAILED
    else { return nil }
    defer { munmap(address, length) }
    let count = (length + pageSize - 1) / pageSize
    var failed = false
    pages = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      failed = mincore(address, length, buffer.baseAddress) != 0
      filled = failed ? 0 : count
    }
    if failed { return nil }
    self.start = start
  }

  func dropOthers(from file: FileHandle) {
    var page = 0
    while page < pages.count {
      guard pages[page] & 1 == 0 else {
        page += 1
        continue
      }
      let first = page
      while page < pages.count, pages[page] & 1 == 0 { page += 1 }
      file.dontNeed(start + first * pageSize..<start + page * pageSize)
    }
  }
}
