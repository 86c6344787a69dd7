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

  let repository: Repository
  let list: PackList
  let isKept: [Bool]
  let mayWrite: @Sendable () throws(RepositoryError) -> Void
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
    try await repository.withBlobWriter(index: BlobIndex(), settings: settings, pool: pool, mayWrite: mayWrite) {
      writer in
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
        let blob = list.blobs[number]
        let start = Int(blob.offset) - piece.bytes.lowerBound
        try await copy(Array(bytes[start..<start + Int(blob.length)]), blob, pack.id, to: writer, opener, sealer)
      }
    }
  }

  private func copy(
    _ sealed: [UInt8], _ blob: PackedBlob, _ pack: PackID, to writer: BlobWriter, _ opener: BlobOpener,
    _ sealer: BlobSealer
  ) async throws {
    // Trees are always compressed where the format allows that; where it doesn't, nothing may be.
    let seals = repository.config.allowsCompression ? blob.type == .tree && !blob.isCompressed : blob.isCompressed
    let plaintext: [UInt8]
    do {
      plaintext = try sealed.withUnsafeBufferPointer { sealed throws(RepositoryError) in
        let opened = try opener.open(
          UnsafeRawBufferPointer(sealed), id: blob.id, uncompressedLength: blob.uncompressedLength, pack: pack)
        return seals ? Array(opened) : []
      }
    } catch {
      throw RepositoryError(
        error.kind,
        "\(error.message); the pack can't be rewritten, and was not removed: run 'holdfast repo check --read-data'")
    }
    if seals {
      try await writer.store(plaintext, type: blob.type, with: sealer)
    } else {
      try await writer.copy(sealed, blob)
    }
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
