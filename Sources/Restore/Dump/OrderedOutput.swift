internal import BlobIndex
internal import Concurrency
internal import Cryptography
internal import Glibc
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

/// Neighbouring pieces of one file that lie together in one pack: one read.
struct ContentUnit: Sendable {
  let pack: PackID
  var range: Range<Int>
  var blobs: [(id: BlobID, place: BlobLocation)]

  /// Cuts a file's content.
  static func of(
    _ content: [BlobID], _ index: BlobIndex, limit: Int
  ) throws(RepositoryError) -> (units: [ContentUnit], size: Int) {
    var units: [ContentUnit] = []
    var size = 0
    for id in content {
      guard let place = index.location(of: id, .data) else {
        throw RepositoryError(
          .notFound, "its blob \(id.hex) is missing from the index; 'holdfast repo check' tells what is damaged")
      }
      let (sum, isTooLong) = size.addingReportingOverflow(place.plaintextLength)
      guard !isTooLong else { throw RepositoryError(.corrupt, "it claims to be longer than a file can be") }
      size = sum
      let start = Int(place.offset)
      let end = start + Int(place.length)
      if let last = units.last, last.pack == place.pack, last.range.upperBound == start,
        end - last.range.lowerBound <= limit
      {
        units[units.count - 1].range = last.range.lowerBound..<end
        units[units.count - 1].blobs.append((id, place))
      } else {
        units.append(ContentUnit(pack: place.pack, range: start..<end, blobs: [(id, place)]))
      }
    }
    return (units, size)
  }
}

/// Something that goes to the output.
enum OutputItem: Sendable {
  case bytes([UInt8])
  case content(ContentUnit)
}

/// Writes items to a descriptor in their order, while several are being read and opened ahead.
struct OrderedOutput: Sendable {
  let repository: Repository
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
    let sealed: [UInt8]
    do {
      sealed = try await repository.store.get(ObjectName(.pack, unit.pack.hex), range: unit.range)
    } catch {
      throw RepositoryError(error)
    }
    return try openers.withOpener { opener throws(RepositoryError) in
      var plaintext: [UInt8] = []
      plaintext.reserveCapacity(unit.blobs.reduce(0) { $0 + min($1.place.plaintextLength, BlobOpener.limit) })
      let result: Result<Void, RepositoryError> = sealed.withUnsafeBytes { sealed in
        do throws(RepositoryError) {
          for (id, place) in unit.blobs {
            let start = Int(place.offset) - unit.range.lowerBound
            plaintext += try opener.open(
              UnsafeRawBufferPointer(rebasing: sealed[start..<start + Int(place.length)]), id: id,
              uncompressedLength: place.uncompressedLength, pack: unit.pack)
          }
          return .success(())
        } catch {
          return .failure(error)
        }
      }
      try result.get()
      return plaintext
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
