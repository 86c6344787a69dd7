internal import BlobIndex
internal import Chunking
internal import FileSystem
internal import Glibc
internal import ResticFormat
internal import ResticRepository

/// Reads a stretch of a file, cuts it by content and stores the chunks. One thread's tools.
///
/// `zeroChunkLength` zeros in a row are one blob, known beforehand; where the file has a hole they are not even read.
final class ChunkReader {
  /// Bytes asked for at once: what is cut stays in the processor's cache.
  private static let step = 512 << 10
  /// How far from data holes may be read: a chunk goes on into them, a block has some.
  static let reach = GearChunker.maximum + step

  let session: Session
  private let sealer: BlobSealer
  /// What was read and not yet stored.
  var buffer = ScratchBuffer()
  /// The last blob of zeros that was stored: the index knows it only once its pack is full.
  private var zeros: (length: Int, id: BlobID)?

  init(_ session: Session, _ sealer: BlobSealer) {
    self.session = session
    self.sealer = sealer
  }

  /// Stores a file, or a stretch of one, up to where it ends.
  /// - Parameter isSparse: whether it is worth looking for holes.
  func store(
    _ file: FileHandle, _ range: Range<Int>, isSparse: Bool
  ) async throws -> FileTask.Segment {
    var result = FileTask.Segment()
    /// Where in the file the buffer begins, and how much it holds.
    var position = range.lowerBound
    var count = 0
    var searched = 0
    /// Up to where the file is known to have data.
    var dataEnd = isSparse ? position : range.upperBound
    var hasEnded = false
    while position < range.upperBound {
      if searched == 0, position >= dataEnd {
        // Only where a chunk begins: a hole within one is read as zeros. What was read of this hole is forgotten.
        count = 0
        hasEnded = false
        let data = try file.nextData(in: position..<range.upperBound)
        let next = try data?.lowerBound ?? holeEnd(of: file, in: range)
        while next - position >= zeroChunkLength {
          try await storeZeros(&result)
          position += zeroChunkLength
        }
        dataEnd = max(data?.upperBound ?? range.upperBound, min(position + zeroChunkLength, range.upperBound))
        if position == range.upperBound { break }
      }
      if !hasEnded, count < GearChunker.maximum, position + count < range.upperBound {
        let wanted = min(Self.step, range.upperBound - position - count)
        try await session.pace?.wait(for: wanted)
        let target = buffer.reserve(keeping: count, count + wanted)
        let read = try file.read(
          at: position + count, into: UnsafeMutableRawBufferPointer(rebasing: target[count..<count + wanted]))
        session.progress.bytesRead.count(read)
        count += read
        hasEnded = read < wanted
      }
      let isLast = hasEnded || position + count == range.upperBound
      if count == 0 { break }
      let available = UnsafeRawBufferPointer(rebasing: buffer.all[0..<count])
      var length: Int
      if count >= zeroChunkLength, searched == 0,
        isZero(UnsafeRawBufferPointer(rebasing: available[..<zeroChunkLength]))
      {
        length = zeroChunkLength
        try await storeZeros(&result)
      } else {
        length = session.chunker.cut(available, searched: searched)
        if length == count, !isLast, length < GearChunker.maximum {
          searched = length
          continue
        }
        try await store(UnsafeRawBufferPointer(rebasing: available[..<length]), &result)
      }
      position += length
      count -= length
      searched = 0
      if count > 0 { memmove(buffer.base, buffer.base + length, count) }
      if count == 0, hasEnded { break }
    }
    return result
  }

  /// Stores a whole file; a small one in one read and one chunk. Neither leaves more of it in the page cache than was there.
  func store(_ file: FileHandle, _ metadata: FileMetadata) async throws -> FileTask.Segment {
    let size = metadata.size
    guard size > 0 else { return try await storeUnsized(file) }
    guard size <= GearChunker.minimum else {
      let residency = PageResidency(file, 0..<size, holesUpTo: metadata.isSparse ? Self.reach : nil)
      let segment = try await store(file, 0..<size, isSparse: metadata.isSparse)
      residency?.dropOthers(from: file)
      return segment
    }
    try await session.pace?.wait(for: size)
    let target = buffer.reserve(size)
    let count = try file.readOnce(at: 0, into: target)
    session.progress.bytesRead.count(count)
    var result = FileTask.Segment()
    if count > 0 { try await store(UnsafeRawBufferPointer(rebasing: target[..<count]), &result) }
    return result
  }

  /// Stores a file of which the system says that it has no bytes: in virtual file systems it may have some all the same, or even
  /// more than anybody could keep.
  private func storeUnsized(_ file: FileHandle) async throws -> FileTask.Segment {
    var count = 0
    while true {
      let target = buffer.reserve(keeping: count, count + Self.step)
      let read = try file.read(
        at: count, into: UnsafeMutableRawBufferPointer(rebasing: target[count..<count + Self.step]))
      count += read
      guard read == Self.step else { break }
      guard count <= GearChunker.maximum else {
        throw FileError(path: file.path, operation: "read as a whole what claims to be empty,", code: EFBIG)
      }
    }
    var result = FileTask.Segment()
    guard count > 0 else { return result }
    session.progress.bytesRead.count(count)
    try await store(UnsafeRawBufferPointer(rebasing: buffer.all[..<count]), &result)
    return result
  }

  /// Stores one chunk.
  func store(_ chunk: UnsafeRawBufferPointer, _ result: inout FileTask.Segment) async throws {
    result.content.append(try await session.writer.store(chunk, type: .data, with: sealer).id)
    result.bytes += chunk.count
    session.progress.bytes.count(chunk.count)
  }

  /// Stores one chunk of zeros: for real only if the repository has none yet.
  func storeZeros(_ result: inout FileTask.Segment, length: Int = zeroChunkLength) async throws {
    if length == zeroChunkLength, zeros?.length != length, session.writer.index.contains(session.zeroID, .data) {
      zeros = (length, session.zeroID)
    }
    if let zeros, zeros.length == length {
      result.content.append(zeros.id)
      result.bytes += length
      session.progress.bytes.count(length)
      return
    }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
    defer { bytes.deallocate() }
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    try await store(UnsafeRawBufferPointer(bytes), &result)
    zeros = result.content.last.map { (length, $0) }
  }
}
