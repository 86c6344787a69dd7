public import BlobIndex
public import Concurrency
public import Cryptography
internal import Compression
internal import ObjectStores
public import ResticFormat

/// What earlier attempts at a backup have done already.
public final class Journal: Sendable {
  /// A note's place: entries stay as bytes until they are asked for.
  private struct Place: Sendable, BitwiseCopyable {
    let path: PathKey
    let object: UInt32
    let offset: UInt32
  }

  /// Packs that the store has and no index file lists: `BlobWriter.adopt` takes them over.
  public let packs: [(id: PackID, blobs: [PackedBlob])]
  private let objects: [[UInt8]]
  /// By path, the newest first.
  private let places: [Place]

  /// How many files and segments it knows.
  public var count: Int { places.count }
  /// Whether there was none.
  public var isEmpty: Bool { places.isEmpty && packs.isEmpty }

  /// - Parameter objects: the bytes behind the packs, oldest attempt first.
  fileprivate init(packs: [(id: PackID, blobs: [PackedBlob])], objects: [[UInt8]]) throws(JournalReader.Damaged) {
    self.packs = packs
    self.objects = objects
    var places: [Place] = []
    for (number, bytes) in objects.enumerated() {
      var reader = JournalReader(bytes)
      while !reader.isAtEnd {
        guard let offset = UInt32(exactly: reader.position) else { throw JournalReader.Damaged() }
        places.append(Place(path: try reader.entry().path, object: UInt32(number), offset: offset))
      }
    }
    places.sort { left, right in
      if left.path != right.path { return left.path < right.path }
      return (right.object, right.offset) < (left.object, left.offset)
    }
    self.places = places
  }

  /// What is done of a file: its segments by their number, as the newest attempt saw the file.
  ///
  /// Ask after the packs were adopted: a segment counts only if `index` has all its blobs.
  public func segments(of path: PathKey, in index: BlobIndex) -> [JournalEntry] {
    var low = 0
    var high = places.count
    while low < high {
      let middle = (low + high) / 2
      if places[middle].path < path { low = middle + 1 } else { high = middle }
    }
    var found: [JournalEntry] = []
    for place in places[low...].prefix(while: { $0.path == path }) {
      var reader = JournalReader(objects[Int(place.object)], at: Int(place.offset))
      guard let entry = try? reader.entry() else { continue }  // never: it was read before
      if let newest = found.first, !entry.isOfSameFile(as: newest) { continue }
      guard !found.contains(where: { $0.segment == entry.segment }) else { continue }
      found.append(entry)
    }
    return found.filter { $0.content.allSatisfy { index.contains($0, .data) } }.sorted { $0.segment < $1.segment }
  }
}

extension Repository {
  /// What earlier attempts at a backup have left. Packs are believed only if the store has them in their whole length.
  /// - Parameter notice: told of journals that can't be used; their work is repeated.
  public func journal(
    of backupKey: [UInt8], index: BlobIndex, pool: BlockingPool = .shared,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> Journal {
    let name = JournalName(self, backupKey: backupKey)
    let names = try await journalNames().filter(name.isOfBackup)
    var objects: [(started: Int64, name: String, packs: [(id: PackID, blobs: [PackedBlob])], entries: [UInt8])] = []
    for name in names.sorted() {
      do {
        let bytes = try await journalObject(name, pool)
        var reader = JournalReader(bytes)
        let (started, packs) = try reader.head()
        let entries = Array(bytes[reader.position...])
        // All of an object, or nothing of it.
        while !reader.isAtEnd { _ = try reader.entry() }
        objects.append((started, name, packs, entries))
      } catch let error as RepositoryError where error.kind != .corrupt {
        throw error
      } catch {
        notice("the journal \(name) is damaged, or of another version of holdfast, and not used")
      }
    }
    objects.sort { ($0.started, $0.name.utf8.count, $0.name) < ($1.started, $1.name.utf8.count, $1.name) }
    // Asked for by blobs: a large index has too many packs to look through them.
    let packs = try await present(
      objects.flatMap(\.packs).filter { pack in
        // An older release compressed also where restic refuses it.
        (config.allowsCompression || !pack.blobs.contains(where: \.isCompressed))
          && !pack.blobs.contains { index.location(of: $0.id, $0.type)?.pack == pack.id }
      })
    do {
      return try Journal(packs: packs, objects: objects.map(\.entries))
    } catch {
      throw RepositoryError(
        .corrupt, "the journal of this backup holds more than 4 GiB; remove it with 'holdfast repo prune'")
    }
  }

  private func journalObject(_ name: String, _ pool: BlockingPool) async throws -> [UInt8] {
    let sealed = try await mapped { () async throws(StoreError) in try await store.get(ObjectName(.journal, name)) }
    let key = key
    return try await pool.run {
      guard let frame = AuthenticatedCipher(key).open(sealed) else {
        throw RepositoryError(.corrupt, "the journal \(name) is damaged")
      }
      return try frame.withUnsafeBytes { frame throws(ZstdError) in
        try ZstdDecompressor().decompress(frame, limit: 2 * JournalWriter.limit)
      }
    }
  }

  /// The packs that the store has, each once.
  private func present(
    _ packs: [(id: PackID, blobs: [PackedBlob])]
  ) async throws(RepositoryError) -> [(id: PackID, blobs: [PackedBlob])] {
    guard !packs.isEmpty else { return [] }
    var unique: [PackID: [PackedBlob]] = [:]
    for pack in packs { unique[pack.id] = pack.blobs }
    var found: [(id: PackID, blobs: [PackedBlob])] = []
    for (id, blobs) in unique.sorted(by: { $0.key < $1.key }) {
      do {
        guard try await store.size(of: ObjectName(.pack, id.hex)) == packFileSize(blobs) else { continue }
        found.append((id, blobs))
      } catch {
        guard error.kind == .notFound else { throw RepositoryError(error) }
      }
    }
    return found
  }
}
