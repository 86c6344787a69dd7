internal import Chunking
internal import Concurrency
internal import FileSystem
internal import Glibc
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// Reads a descriptor to its end and stores what comes: one reader cuts, several workers hash, compress and seal.
final class StreamReader: Sendable {
  /// A chunk's bytes on their way from the reader to a worker.
  private final class Chunk: @unchecked Sendable {
    // Unchecked: written by the reader before it is handed over, then read by one worker.
    let bytes: UnsafeMutableRawBufferPointer

    init(copying source: UnsafeRawBufferPointer) {
      bytes = .allocate(byteCount: source.count, alignment: 16)
      bytes.copyMemory(from: source)
    }

    deinit { bytes.deallocate() }
  }

  private let session: Session
  private let descriptor: Int32
  private let name: String
  private let queue: BoundedQueue<(index: Int, chunk: Chunk)>
  private let content = Mutex<[BlobID?]>([])

  init(_ session: Session, descriptor: Int32, name: String, workers: Int) {
    self.session = session
    self.descriptor = descriptor
    self.name = name
    queue = BoundedQueue(limit: workers)
  }

  /// Reads and stores all, and returns the blobs in order and the bytes that came.
  func run(workers: Int, pool: BlockingPool) async throws -> FileTask.Segment {
    let total = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<workers {
        group.addTask(executorPreference: pool) {
          let chunks = ChunkReader(self.session, self.session.writer.sealer())
          while let (index, chunk) = try await self.queue.pop() {
            var one = FileTask.Segment()
            try await chunks.store(UnsafeRawBufferPointer(chunk.bytes), &one)
            self.content.withLock { $0[index] = one.content.first }
          }
          return 0
        }
      }
      group.addTask(executorPreference: pool) { try await self.readAll() }
      do {
        var total = 0
        for try await count in group { total += count }
        return total
      } catch {
        queue.fail(error)
        group.cancelAll()
        throw error
      }
    }
    return FileTask.Segment(content: content.withLock { $0.compactMap { $0 } }, bytes: total)
  }

  private func readAll() async throws -> Int {
    var buffer = ScratchBuffer()
    var count = 0
    var searched = 0
    var total = 0
    var hasEnded = false
    session.progress.setCurrent(1) { [name] in name }
    while true {
      if !hasEnded, count < GearChunker.maximum {
        let step = 256 << 10
        let target = buffer.reserve(keeping: count, count + step)
        let read = try await read(UnsafeMutableRawBufferPointer(rebasing: target[count..<count + step]))
        session.progress.bytesRead.count(read)
        hasEnded = read == 0
        count += read
        total += read
      }
      guard count > 0 else { break }
      let available = UnsafeRawBufferPointer(rebasing: buffer.all[..<count])
      let length = session.chunker.cut(available, searched: searched)
      if length == count, !hasEnded, length < GearChunker.maximum {
        searched = length
        continue
      }
      let index = content.withLock { content in
        content.append(nil)
        return content.count - 1
      }
      try await queue.push((index, Chunk(copying: UnsafeRawBufferPointer(rebasing: available[..<length]))))
      count -= length
      searched = 0
      memmove(buffer.base, buffer.base + length, count)
    }
    queue.finish()
    return total
  }

  /// Waits for bytes; looks up now and then whether it should stop.
  private func read(_ target: UnsafeMutableRawBufferPointer) async throws -> Int {
    try await session.pace?.wait(for: target.count)
    while true {
      try Task.checkCancellation()
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = Glibc.poll(&poll, 1, 200)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = Glibc.read(descriptor, target.baseAddress, target.count)
      if count >= 0 { return count }
      if errno == EINTR || errno == EAGAIN { continue }
      throw FileError(path: Array(name.utf8), operation: "read", code: errno)
    }
  }
}
