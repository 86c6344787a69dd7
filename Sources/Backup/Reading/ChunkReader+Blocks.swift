internal import Chunking
internal import FileSystem
internal import ResticRepository

extension ChunkReader {
  /// Stores a stretch of an image in blocks; it begins where a unit of the plan does.
  func storeBlocks(
    _ file: FileHandle, _ range: Range<Int>, _ plan: BlockPlan, isSparse: Bool
  ) async throws -> FileTask.Segment {
    var result = FileTask.Segment()
    /// Data are known to be in this stretch, and none between the last one and it.
    var data = range.lowerBound..<(isSparse ? range.lowerBound : range.upperBound)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: plan.unit) {
      let unit = start..<min(start + plan.unit, range.upperBound)
      if let ids = plan.unchanged(unit) {
        result.content += ids
        result.bytes += unit.count
        session.progress.bytes.count(unit.count)
        continue
      }
      if start >= data.upperBound {
        if let next = try file.nextData(in: start..<range.upperBound) {
          data = next
        } else {
          let end = try holeEnd(of: file, in: range)
          data = end..<end
        }
      }
      if unit.count == plan.unit, data.lowerBound >= unit.upperBound {
        for _ in 0..<plan.unit / plan.zeroLength { try await storeZeros(&result, length: plan.zeroLength) }
        continue
      }
      let count = try await read(file, unit)
      let bytes = UnsafeRawBufferPointer(rebasing: buffer.all[..<count])
      if count == plan.unit, isZero(bytes) {
        for _ in 0..<plan.unit / plan.zeroLength { try await storeZeros(&result, length: plan.zeroLength) }
        continue
      }
      for block in stride(from: 0, to: count, by: plan.blockSize) {
        let end = min(block + plan.blockSize, count)
        try await store(UnsafeRawBufferPointer(rebasing: bytes[block..<end]), &result)
      }
      if count < unit.count { break }
    }
    return result
  }

  /// Where a hole ends that no data follow: before the range does if the file became shorter.
  func holeEnd(of file: FileHandle, in range: Range<Int>) throws(FileError) -> Int {
    min(range.upperBound, try file.metadata().size)
  }

  /// Reads a stretch to the beginning of the buffer.
  private func read(_ file: FileHandle, _ range: Range<Int>) async throws -> Int {
    try await session.pace?.wait(for: range.count)
    // Around the page cache only whole sectors can be asked for; the file's end comes back short.
    let sector = file.isDirect ? FileHandle.directAlignment : 1
    let wanted = (range.count + sector - 1) / sector * sector
    let count = min(try file.read(at: range.lowerBound, into: buffer.reserve(wanted)), range.count)
    session.progress.bytesRead.count(count)
    return count
  }
}
