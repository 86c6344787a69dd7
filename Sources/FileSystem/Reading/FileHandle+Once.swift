internal import CFileShims
internal import Glibc

extension FileHandle {
  /// Reads as `read` does what nobody else will need soon: pages that the page cache held stay in it, those that this call brought
  /// go. For short stretches, of which mostly all or nothing is there: what was there behind a gap goes, too. `PageResidency` looks
  /// at long ones beforehand.
  public func readOnce(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    let held = uninterrupted { file_shim_read_cached(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) }
    let begin = max(0, held.value)
    guard begin < buffer.count else { return begin }
    let read = try read(at: offset + begin, into: UnsafeMutableRawBufferPointer(rebasing: buffer[begin...]))
    // Where the system doesn't tell what it held, an application's own pages might go.
    if held.value >= 0 || held.code == EAGAIN { dontNeed(wholePages(offset + begin..<offset + begin + read)) }
    return begin + read
  }

  /// The pages that begin within a range, to their ends.
  private func wholePages(_ range: Range<Int>) -> Range<Int> {
    let (first, behind) = ((range.lowerBound + pageSize - 1) / pageSize, (range.upperBound + pageSize - 1) / pageSize)
    return first * pageSize..<behind * pageSize
  }
}
