public import Cryptography
public import ResticFormat
internal import Synchronization

/// Which blobs a repository has, and where. Made for many threads.
///
/// What a cache holds costs no memory of its own; each place of a blob that was added takes 53 to 59 bytes.
public final class BlobIndex: Sendable {
  /// A pack that the index knows.
  public struct Pack: Sendable, Equatable {
    /// The hash of its file.
    public let id: PackID
    /// The length of its file in bytes.
    public let size: Int
  }

  /// One part of the blobs, so that threads rarely wait for each other.
  private final class Shard: Sendable {
    let table = Mutex(EntryTable())
  }

  /// So many places of a blob are known at most.
  public static let placeLimit = 8

  private let base: IndexCache?
  private let shards = (0..<64).map { _ in Shard() }
  /// The packs that were added; the base has its own.
  private let packTable = Mutex<[Pack]>([])

  /// An index of what a cache holds; of nothing without one.
  public init(base: IndexCache? = nil) { self.base = base }

  /// Where a blob lies; nil if it isn't in a stored pack.
  public func location(of id: BlobID, _ type: BlobType) -> BlobLocation? {
    if let base, let entry = base.find(id, type) { return location(entry, base.pack(Int(entry.pack)).id) }
    guard let entry = addedEntry(id, type) else { return nil }
    return location(entry, addedPack(entry))
  }

  /// All places where a blob lies, for when one turns out to be damaged: that of `location(of:_:)` first, and at most
  /// `placeLimit`.
  public func locations(of id: BlobID, _ type: BlobType) -> [BlobLocation] {
    var places: [BlobLocation] = []
    if let base {
      places = base.all(id, type, limit: Self.placeLimit).map { location($0, base.pack(Int($0.pack)).id) }
    }
    let added = shard(id).table.withLock { table in table.all(id, type).map { table[$0] } }
    places += added.filter(\.isStored).map { location($0, addedPack($0)) }
    // A pack may be listed more than once.
    var different: [BlobLocation] = []
    for place in places where !different.contains(place) { different.append(place) }
    return Array(different.prefix(Self.placeLimit))
  }

  /// Whether a blob is in a stored pack. One that was only claimed isn't.
  public func contains(_ id: BlobID, _ type: BlobType) -> Bool {
    base?.find(id, type) != nil || addedEntry(id, type) != nil
  }

  /// Asks to store a blob.
  /// - Returns: true if it isn't there and nobody else is about to store it: then the caller has to, or has to `unclaim`
  ///   it. False if it is there, or will be.
  public func claim(_ id: BlobID, _ type: BlobType) -> Bool {
    if base?.find(id, type) != nil { return false }
    return shard(id).table.withLock { table in
      guard let number = table.find(id, type) else {
        table.insert(IndexEntry(id: id, type: type, pack: IndexEntry.claimed))
        return true
      }
      guard table[number].pack == IndexEntry.unclaimed else { return false }
      table[number].pack = IndexEntry.claimed
      return true
    }
  }

  /// Takes a claim back: the blob could not be stored.
  public func unclaim(_ id: BlobID, _ type: BlobType) {
    shard(id).table.withLock { table in
      guard let number = table.find(id, type), table[number].pack == IndexEntry.claimed else { return }
      table[number].pack = IndexEntry.unclaimed
    }
  }

  /// Adds a pack that the store has. A blob that is known from another pack keeps its place there; this one comes after it.
  /// - Parameter size: of the pack file, in bytes.
  public func add(pack: PackID, size: Int, blobs: [PackedBlob]) {
    let number = packTable.withLock { packs in
      precondition(packs.count < IndexEntry.packLimit, "An index holds at most 2^31 packs.")
      packs.append(Pack(id: pack, size: size))
      return UInt32(packs.count - 1)
    }
    for blob in blobs {
      if let base, let entry = base.find(blob.id, blob.type), base.pack(Int(entry.pack)).id == pack { continue }
      shard(blob.id).table.withLock { add(IndexEntry(blob, pack: number), pack, to: &$0) }
    }
  }

  private func add(_ entry: IndexEntry, _ pack: PackID, to table: inout EntryTable) {
    guard let known = table.find(entry.id, entry.type) else { return table.insert(entry) }
    guard table[known].isStored else {
      table[known] = entry
      return
    }
    let places = table.all(entry.id, entry.type)
    guard places.count < Self.placeLimit, !places.contains(where: { addedPack(table[$0]) == pack }) else { return }
    table.insert(entry)
  }

  /// All packs: the cache's, then in the order in which they were added.
  public var packs: [Pack] {
    (0..<(base?.packCount ?? 0)).compactMap { base?.pack($0) } + packTable.withLock { $0 }
  }

  /// How many blobs it has. One that lies in two packs may count twice.
  public var count: Int { (base?.count ?? 0) + shards.reduce(0) { $0 + $1.table.withLock { $0.count } } }

  private func addedEntry(_ id: BlobID, _ type: BlobType) -> IndexEntry? {
    shard(id).table.withLock { table in
      guard let number = table.find(id, type), table[number].isStored else { return nil }
      return table[number]
    }
  }

  private func addedPack(_ entry: IndexEntry) -> PackID { packTable.withLock { $0[Int(entry.pack)].id } }

  private func location(_ entry: IndexEntry, _ pack: PackID) -> BlobLocation {
    BlobLocation(
      pack: pack, offset: entry.offset, length: entry.length, uncompressedLength: entry.uncompressedLength)
  }

  private func shard(_ id: BlobID) -> Shard { shards[Int(truncatingIfNeeded: id.words.0 >> 58)] }
}
