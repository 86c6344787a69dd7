internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// Reads packs and verifies everything about them: their names, their headers, and each blob down to its plaintext's hash.
struct PackVerifier: Sendable {
  /// Bytes that are read at once; larger only if a blob is. Over a network each piece is a request.
  static let pieceSize = (local: 4 << 20, remote: 32 << 20)

  /// What one thread works with.
  private final class Tools {
    let hash = SHA256()
    let opener: BlobOpener
    let cipher: AuthenticatedCipher
    var buffer = ScratchBuffer()

    init(_ key: SealingKey) {
      opener = BlobOpener(key: key)
      cipher = AuthenticatedCipher(key)
    }
  }

  let repository: Repository
  let list: PackList
  let problems: ProblemCollector

  /// Verifies packs, several at once.
  func verify(_ packs: [PackChoice.Chosen], _ progress: @escaping @Sendable (MaintenanceProgress) -> Void) async throws
  {
    guard !packs.isEmpty else { return }
    let pool = BlockingPool.shared
    let next = Counter()
    let tally = PackTally(.packs, sizes: packs.map(\.size))
    progress(tally.start)
    // Some wait for the store while others work. Each holds a piece, so they are few.
    let cores = max(1, pool.size / 2)
    let width = min(packs.count, repository.store is any LocalObjects ? cores + 1 : max(2 * cores, 8))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<width {
        group.addTask(executorPreference: pool) {
          let tools = Tools(repository.key)
          while case let number = next.add(1) - 1, number < packs.count {
            try Task.checkCancellation()
            let pack = packs[number]
            for problem in try await found(pack, tools) { problems.add(problem) }
            progress(tally.add(pack.size))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// What is wrong with a pack. What the network spoiled is read once more.
  private func found(_ pack: PackChoice.Chosen, _ tools: Tools) async throws -> [String] {
    let first = try await foundOnce(pack, tools)
    return first.isEmpty || repository.store is any LocalObjects ? first : try await foundOnce(pack, tools)
  }

  private func foundOnce(_ pack: PackChoice.Chosen, _ tools: Tools) async throws -> [String] {
    let listed = list.pack(pack.id).map { Array(list.blobs[$0.blobs]) } ?? []
    var found: [String] = []
    var tail: [UInt8] = []
    let name = ObjectName(.pack, pack.id.hex)
    let local = repository.store as? any LocalObjects
    do {
      let pieceSize = local == nil ? Self.pieceSize.remote : Self.pieceSize.local
      for piece in Self.pieces(listed, size: pack.size, of: pieceSize) {
        func verify(_ bytes: UnsafeRawBufferPointer) {
          tools.hash.update(bytes)
          for blob in listed[piece.blobs] { check(blob, bytes, at: piece.bytes.lowerBound, pack.id, tools, &found) }
          if piece.bytes.upperBound == pack.size { tail = Array(bytes.suffix(max(0, pack.size - dataEnd(listed)))) }
        }
        if let local {
          let buffer = tools.buffer.reserve(piece.bytes.count)
          try local.read(name, at: piece.bytes.lowerBound, into: buffer)
          verify(UnsafeRawBufferPointer(buffer))
        } else {
          let bytes = try await repository.store.get(name, range: piece.bytes)
          bytes.withUnsafeBytes(verify)
        }
      }
    } catch {
      _ = tools.hash.finish()
      guard error.kind == .notFound || error.kind == .truncated || error.kind == .corrupt else {
        throw RepositoryError(error)
      }
      return ["the pack \(pack.id.hex) can't be read: \(error)"]
    }
    let hash = tools.hash.finish()
    if hash != pack.id { found.append("the pack \(pack.id.hex) is damaged: the hash of what it holds is \(hash.hex)") }
    if let problem = headerProblem(pack, tail, listed, tools) { found.append("the pack \(pack.id.hex) \(problem)") }
    return found
  }

  private func check(
    _ blob: PackedBlob, _ piece: UnsafeRawBufferPointer, at start: Int, _ pack: PackID, _ tools: Tools,
    _ found: inout [String]
  ) {
    let place = Int(blob.offset) - start
    guard place >= 0, place + Int(blob.length) <= piece.count else {
      found.append("the pack \(pack.hex) is damaged: the blob \(blob.id.hex) reaches beyond its end")
      return
    }
    let sealed = UnsafeRawBufferPointer(rebasing: piece[place..<place + Int(blob.length)])
    do throws(RepositoryError) {
      _ = try tools.opener.open(sealed, id: blob.id, uncompressedLength: blob.uncompressedLength, pack: pack)
    } catch {
      found.append(error.message)
    }
  }

  /// Where the last blob ends, and the header begins.
  private func dataEnd(_ listed: [PackedBlob]) -> Int { listed.last.map { Int($0.offset) + Int($0.length) } ?? 0 }

  /// What is wrong with the list of blobs at the end of a pack, compared with the index.
  private func headerProblem(
    _ pack: PackChoice.Chosen, _ tail: [UInt8], _ listed: [PackedBlob], _ tools: Tools
  ) -> String? {
    let length = pack.size - dataEnd(listed)
    guard length >= 4 + AuthenticatedCipher.overhead, length <= tail.count else { return "has no room for its header" }
    let said = tail.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard said == length - 4 else { return "says that its header has \(said) bytes; by the index it has \(length - 4)" }
    guard let header = tools.cipher.open(Array(tail.suffix(length).dropLast(4))) else { return "has a damaged header" }
    do {
      guard try PackHeader.decode(header) == listed else { return "has a header that lists other blobs than the index" }
    } catch {
      return "has a header that makes no sense: \(error)"
    }
    return nil
  }

  /// Cuts a pack where blobs end. The last piece holds the header.
  static func pieces(_ blobs: [PackedBlob], size: Int, of pieceSize: Int) -> [(bytes: Range<Int>, blobs: Range<Int>)] {
    var pieces: [(bytes: Range<Int>, blobs: Range<Int>)] = []
    var start = (byte: 0, blob: 0)
    for (number, blob) in blobs.enumerated() {
      let place = min(Int(blob.offset), size)
      guard Int(blob.offset) + Int(blob.length) - start.byte > pieceSize, place > start.byte else { continue }
      pieces.append((start.byte..<place, start.blob..<number))
      start = (place, number)
    }
    pieces.append((start.byte..<size, start.blob..<blobs.count))
    return pieces
  }
}

/// A number that many threads count up.
final class Counter: Sendable {
  private let value = Atomic(0)

  /// Adds to it and returns the sum.
  func add(_ number: Int) -> Int { value.add(number, ordering: .relaxed).newValue }
}
