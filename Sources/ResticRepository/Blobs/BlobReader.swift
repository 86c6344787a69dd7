public import BlobIndex
public import Cryptography
internal import FileSystem
internal import ObjectStores
public import ResticFormat
internal import Synchronization

/// Reads single blobs: trees above all. Whoever reads many from the same pack asks for ranges of it instead.
public final class BlobReader: Sendable {
  /// Where the blobs are.
  public let repository: Repository
  /// Which blobs there are.
  public let index: BlobIndex
  private let openers = Mutex<[Lent]>([])
  /// For trees in a store behind a network.
  private let windows: PackWindows?
  /// Packs of trees on this machine that the kernel has been told to read.
  private let announced = Mutex<Set<PackID>>([])

  /// A reader of what `index` lists.
  public init(_ repository: Repository, _ index: BlobIndex) {
    self.repository = repository
    self.index = index
    windows = repository.store is any LocalObjects ? nil : PackWindows(repository.store)
  }

  /// A blob's plaintext, from any of the packs that have it.
  /// - Throws: `.notFound` if no index lists it; `.corrupt`, or the store's error.
  public func read(_ id: BlobID, _ type: BlobType) async throws(RepositoryError) -> [UInt8] {
    try await index.read(id, type) { (place: BlobLocation) async throws(RepositoryError) in
      try await read(id, type, at: place)
    }
  }

  private func read(
    _ id: BlobID, _ type: BlobType, at place: BlobLocation
  ) async throws(RepositoryError) -> [UInt8] {
    let range = Int(place.offset)..<Int(place.offset) + Int(place.length)
    if type == .tree, let local = repository.store as? any LocalObjects { announce(place.pack, local) }
    let sealed = try await mapped { () async throws(StoreError) in
      if type == .tree, let windows { return try await windows.bytes(of: place.pack, range) }
      return try await repository.store.get(ObjectName(.pack, place.pack.hex), range: range)
    }
    let tool = openers.withLock { $0.popLast() } ?? Lent(opener: BlobOpener(key: repository.key))
    defer { openers.withLock { $0.append(tool) } }
    return try sealed.withUnsafeBufferPointer { sealed throws(RepositoryError) in
      Array(
        try tool.opener.open(
          UnsafeRawBufferPointer(sealed), id: id, uncompressedLength: place.uncompressedLength, pack: place.pack))
    }
  }

  /// Where one tree of a pack is read, others are soon: as a whole the pack comes off the disk faster than tree by tree.
  private func announce(_ pack: PackID, _ local: any LocalObjects) {
    guard announced.withLock({ $0.insert(pack).inserted }) else { return }
    // What is wrong with it comes out when it is read.
    guard let file = try? FileHandle(path: local.path(of: ObjectName(.pack, pack.hex)), noAtime: false),
      let size = try? file.metadata().size
    else { return }
    file.willNeed(0..<size)
  }

  /// A directory's entries.
  public func tree(_ id: BlobID) async throws(RepositoryError) -> [TreeNode] {
    let bytes = try await read(id, .tree)
    return try decoding { () throws(FormatError) in try decodeTree(bytes) }
  }

  /// An opener in the hands of one call at a time.
  private struct Lent: @unchecked Sendable {
    // Unchecked: it is taken out of the list for as long as it is used.
    let opener: BlobOpener
  }
}
