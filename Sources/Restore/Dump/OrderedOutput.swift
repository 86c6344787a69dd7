internal import Concurrency
internal import Glibc
internal import ResticFormat
internal import ResticRepository

/// Something that goes to the output.
enum OutputItem: Sendable {
  case bytes([UInt8])
  case content(ContentUnit)
}

/// Writes items to a descriptor in their order, while several are being read and opened ahead.
struct OrderedOutput: Sendable {
  let repository: Repository
  /// For what a pack doesn't give.
  let reader: BlobReader
  let openers: OpenerPool
  let pool: BlockingPool
  let descriptor: Int32
  /// Items that are worked on at once.
  let window: Int
  /// Told of bytes as they are written.
  let written: @Sendable (Int) -> Void

  /// Writes what `next` gives until that is nil.
  func run(_ next: () async throws -> OutputItem?) async throws {
    try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
      var ready: [Int: [UInt8]] = [:]
      var started = 0
      var ended = 0
      var isEnded = false
      while true {
        while !isEnded, started - ended < window {
          switch try await next() {
          case nil: isEnded = true
          case .bytes(let bytes)?:
            ready[started] = bytes
            started += 1
          case .content(let unit)?:
            let number = started
            group.addTask(executorPreference: pool) { (number, try await self.plaintext(unit)) }
            started += 1
          }
        }
        // One call for many small things.
        var bytes: [UInt8] = []
        while let next = ready.removeValue(forKey: ended) {
          bytes += next
          ended += 1
          if bytes.count >= 1 << 20 { break }
        }
        if !bytes.isEmpty {
          let output = bytes
          try Task.checkCancellation()
          try await pool.run { try writeAll(output, to: self.descriptor) }
          written(output.count)
        } else if ended < started {
          if let (number, bytes) = try await group.next() { ready[number] = bytes }
        } else if isEnded {
          return
        }
      }
    }
  }

  private func plaintext(_ unit: ContentUnit) async throws -> [UInt8] {
    do throws(RepositoryError) {
      let sealed = try await repository.sealed(unit)
      return try openers.withOpener { opener throws(RepositoryError) in try unit.opened(sealed, opener) }
    } catch {
      return try await unit.plaintext(after: error, reader)
    }
  }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
  try bytes.withUnsafeBytes { buffer in
    var done = 0
    while done < buffer.count {
      let count = write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw RestoreError(.output, "cannot write the output: \(String(cString: strerror(errno)))")
      }
      done += count
    }
  }
}
