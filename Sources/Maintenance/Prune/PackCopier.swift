internal import BlobIndex
internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

/// Copies what is used of packs into new ones, sealed as it is, after verifying it down to the plaintext's hash.
struct PackCopier: Sendable {
  /// Bytes that are read at once.
  static let pieceSize = 16 << 20
  /// Bytes that are read for nothing rather than asking twice.
  static let gap = 1 << 20

  /// A blob as one place has it.
  private struct Verified {
    let blob: PackedBlob
    let sealed: [UInt8]
    /// Nil if it may be stored sealed as it is.
    let plaintext: [UInt8]?
  }

  let repository: Repository
  let list: PackList
  let isKept: [Bool]
  let mayWrite: @Sendable () throws(RepositoryError) -> Void
  let verify: @Sendable () async throws -> Void
  let progress: @Sendable (MaintenanceProgress) -> Void

  /// Copies packs by their numbers. New packs are in new index files when this returns.
  func copy(_ packs: [Int]) async throws {
    guard !packs.isEmpty else { return }
    let cores = BlockingPool.shared.size / 2
    let pool = BlockingPool(size: cores + max(1, repository.store.concurrency))
    let next = Counter()
    let tally = PackTally(.copying, sizes: packs.map { keptBytes(list.packs[$0]) })
    progress(tally.start)
    var settings = WriteSettings()
    settings.compression = .auto
    // Blobs that are in new packs already; nothing of the old ones counts.
    try await repository.withBlobWriter(
      index: BlobIndex(), settings: settings, pool: pool, mayWrite: mayWrite, verify: verify
    ) { writer in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<min(packs.count, cores + 1) {
          group.addTask(executorPreference: pool) {
            let opener = BlobOpener(key: repository.key)
            let sealer = writer.sealer()
            while case let number = next.add(1) - 1, number < packs.count {
              try Task.checkCancellation()
              let pack = list.packs[packs[number]]
              try await copy(pack, to: writer, opener, sealer)
              progress(tally.add(keptBytes(pack)))
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  private func keptBytes(_ pack: PackList.Pack) -> Int {
    pack.blobs.reduce(0) { $0 + (isKept[$1] ? Int(list.blobs[$1].length) : 0) }
  }

  private func copy(
    _ pack: PackList.Pack, to writer: BlobWriter, _ opener: BlobOpener, _ sealer: BlobSealer
  ) async throws {
    for piece in pieces(pack) {
      let bytes: [UInt8]
      do {
        bytes = try await repository.store.get(ObjectName(.pack, pack.id.hex), range: piece.bytes)
      } catch {
        throw RepositoryError(error)
      }
      for number in piece.blobs {
        let start = Int(list.blobs[number].offset) - piece.bytes.lowerBound
        let sealed = Array(bytes[start..<start + Int(list.blobs[number].length)])
        let found = try await verified(number, sealed, opener)
        if let plaintext = found.plaintext {
          try await writer.store(plaintext, type: found.blob.type, with: sealer)
        } else {
          try await writer.copy(found.sealed, found.blob)
        }
      }
    }
  }

  /// A blob out of one of its places; if it is damaged there, out of another.
  private func verified(
    _ number: Int, _ sealed: [UInt8], _ opener: BlobOpener
  ) async throws(RepositoryError) -> Verified {
    let damage: RepositoryError
    do throws(RepositoryError) {
      return try verified(in: number, sealed, opener)
    } catch {
      damage = error
    }
    let blob = list.blobs[number]
    for place in list.places(of: blob.id, blob.type) where place != number {
      do throws(RepositoryError) {
        let other = try await repository.sealedBlob(at: place, of: list)
        return try verified(in: place, other, opener)
      } catch {
        guard error.kind == .corrupt else { throw error }
      }
    }
    throw RepositoryError(
      damage.kind,
      "\(damage.message); the pack can't be rewritten, and was not removed: run 'holdfast repo check --read-data'")
  }

  private func verified(
    in place: Int, _ sealed: [UInt8], _ opener: BlobOpener
  ) throws(RepositoryError) -> Verified {
    let blob = list.blobs[place]
    let pack = list.packID(of: place)
    // Trees are always compressed where the format allows that; where it doesn't, nothing may be.
    let seals = repository.config.allowsCompression ? blob.type == .tree && !blob.isCompressed : blob.isCompressed
    let plaintext: [UInt8] = try sealed.withUnsafeBufferPointer { sealed throws(RepositoryError) in
      let opened = try opener.open(
        UnsafeRawBufferPointer(sealed), id: blob.id, uncompressedLength: blob.uncompressedLength, pack: pack)
      return seals ? Array(opened) : []
    }
    return Verified(blob: blob, sealed: sealed, plaintext: seals ? plaintext : nil)
  }

  /// The stretches to read of a pack, with the numbers of the blobs in each.
  private func pieces(_ pack: PackList.Pack) -> [(bytes: Range<Int>, blobs: [Int])] {
    var pieces: [(bytes: Range<Int>, blobs: [Int])] = []
    for number in pack.blobs where isKept[number] {
      let blob = list.blobs[number]
      let place = Int(blob.offset)..<Int(blob.offset) + Int(blob.length)
      if let last = pieces.last, place.lowerBound >= last.bytes.upperBound,
        place.lowerBound - last.bytes.upperBound <= Self.gap,
        place.upperBound - last.bytes.lowerBound <= Self.pieceSize
      {
        pieces[pieces.count - 1].bytes = last.bytes.lowerBound..<place.upperBound
        pieces[pieces.count - 1].blobs.append(number)
      } else {
        pieces.append((place, [number]))
      }
    }
    return pieces
  }
}
