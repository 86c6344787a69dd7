internal import Glibc

/// Which pages of a stretch of a file the page cache held at a moment.
///
/// A backup reads much that nobody else will read soon. It gives back the pages that it alone has brought in, so that those
/// that an application works with stay.
public struct PageResidency: Sendable {
  private static let pageSize = max(1, sysconf(CInt(_SC_PAGESIZE)))
  private let range: Range<Int>
  /// One byte a page; the lowest bit says whether it is there.
  private let pages: [UInt8]

  /// Looks at a stretch of an open file; nil if the system doesn't tell.
  public init?(_ file: FileHandle, _ range: Range<Int>) {
    let start = range.lowerBound / Self.pageSize * Self.pageSize
    let length = range.upperBound - start
    guard length > 0, let address = mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor, off_t(start)),
      address != MAP_FAILED
    else { return nil }
    defer { munmap(address, length) }
    let count = (length + Self.pageSize - 1) / Self.pageSize
    var failed = false
    pages = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      failed = mincore(address, length, buffer.baseAddress) != 0
      filled = failed ? 0 : count
    }
    if failed { return nil }
    self.range = start..<range.upperBound
  }

  /// Lets go of the pages that were not there before.
  public func dropOthers(from file: FileHandle) {
    var page = 0
    while page < pages.count {
      guard pages[page] & 1 == 0 else {
        page += 1
        continue
      }
      let first = page
      while page < pages.count, pages[page] & 1 == 0 { page += 1 }
      let start = range.lowerBound + first * Self.pageSize
      file.dontNeed(start..<range.lowerBound + page * Self.pageSize)
    }
  }
}
