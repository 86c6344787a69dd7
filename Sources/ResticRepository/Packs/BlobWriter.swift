public import BlobIndex
internal import Concurrency
public import Cryptography
internal import ObjectStores
public import ResticFormat
internal import Synchronization

/// Stores blobs: new ones go into packs, packs to the store, and then into an index file, in this order.
///
/// Made for many threads, each with a sealer of its own. `withBlobWriter` is the way to one.
public final class BlobWriter: Sendable {
  /// What has been stored so far.
  public struct Totals: Sendable, Equatable {
    /// New blobs of data.
    public var dataBlobs = 0
    /// New blobs of trees.
    public var treeBlobs = 0
    /// Bytes of new blobs before compression.
    public var plaintextBytes = 0
    /// The same as they lie in packs.
    public var packedBytes = 0
    /// Bytes of packs that the store has.
    public var uploadedBytes = 0
  }

  /// Where a pack is filled; nil while there is none.
  private final class Slot: Sendable {
    let pack = Mutex<OpenPack?>(nil)
  }

  /// Where blobs are stored.
  public let repository: Repository
  /// What is there already, what this writer adds included.
  public let index: BlobIndex
  let settings: WriteSettings
  /// Packs of data that are filled at the same time.
  private let data: [Slot]
  private let trees = Slot()
  private let full: BoundedQueue<OpenPack>
  /// Memory for packs. There is so much and no more: who needs some for a new pack waits for an upload to end.
  private let memory: BoundedQueue<[UInt8]>
  private let packsInMemory: Int
  private let indexWriter: IndexWriter
  private let counted = Mutex(Totals())
  /// Told of each pack that the store has.
  private let onStored: @Sendable (PackID, [PackedBlob]) -> Void
  /// Throws once nothing may be written any more.
  private let mayWrite: @Sendable () async throws -> Void

  init(
    repository: Repository, index: BlobIndex, settings: WriteSettings,
    mayWrite: @escaping @Sendable () async throws -> Void, verify: @escaping @Sendable () async throws -> Void,
    onStored: @escaping @Sendable (PackID, [PackedBlob]) -> Void
  ) {
    self.repository = repository
    self.onStored = onStored
    self.index = index
    self.settings = settings
    self.mayWrite = mayWrite
    data = (0..<max(1, settings.openPacks)).map { _ in Slot() }
    packsInMemory = settings.packsInMemory(uploads: repository.uploads(settings))
    full = BoundedQueue(limit: packsInMemory)
    memory = BoundedQueue(limit: packsInMemory)
    indexWriter = IndexWriter(repository: repository, settings: settings) {
      try await mayWrite()
      try await verify()
    }
  }

  /// Tools for one thread.
  public func sealer() -> BlobSealer {
    let compression = repository.config.allowsCompression ? settings.compression : .never
    return BlobSealer(key: repository.key, compression: compression)
  }

  /// What has been stored so far.
  public var totals: Totals { counted.withLock { $0 } }

  /// Stores a blob unless it is there already, and says which it is. It is in an open pack then, not yet durable.
  ///
  /// The plaintext is not needed any more once this returns; it waits while too many packs are on their way.
  public func store(
    _ plaintext: UnsafeRawBufferPointer, type: BlobType, with sealer: BlobSealer
  ) async throws -> (id: BlobID, isNew: Bool) {
    let id = sealer.id(of: plaintext)
    guard index.claim(id, type) else { return (id, false) }
    try await put(try sealer.seal(plaintext, type: type), id: id, type: type, plaintextCount: plaintext.count)
    return (id, true)
  }

  /// The same for bytes in an array.
  @discardableResult
  package func store(_ plaintext: [UInt8], type: BlobType, with sealer: BlobSealer) async throws -> BlobID {
    let id = SHA256Digest(of: plaintext)
    guard index.claim(id, type) else { return id }
    // What is sealed lies in the sealer's own memory.
    let sealed = try plaintext.withUnsafeBufferPointer { plaintext throws(RepositoryError) in
      try sealer.seal(UnsafeRawBufferPointer(plaintext), type: type)
    }
    try await put(sealed, id: id, type: type, plaintextCount: plaintext.count)
    return id
  }

  /// Copies a blob of another pack unless it is there already, sealed as it is. The caller has verified it, and that the
  /// repository's version allows its compression.
  package func copy(_ sealed: [UInt8], _ blob: PackedBlob) async throws {
    guard index.claim(blob.id, blob.type) else { return }
    // An array's memory can't be lent to what may wait.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: sealed.count, alignment: 16)
    defer { copy.deallocate() }
    copy.copyBytes(from: sealed)
    try await put(
      BlobSealer.Sealed(bytes: UnsafeRawBufferPointer(copy), uncompressedLength: blob.uncompressedLength),
      id: blob.id, type: blob.type, plaintextCount: blob.plaintextLength)
  }

  /// Puts a sealed blob into an open pack; waits for memory if there is none.
  private func put(_ sealed: BlobSealer.Sealed, id: BlobID, type: BlobType, plaintextCount: Int) async throws {
    counted.withLock { totals in
      if type == .data { totals.dataBlobs += 1 } else { totals.treeBlobs += 1 }
      totals.plaintextBytes += plaintextCount
      totals.packedBytes += sealed.bytes.count
    }
    // The nonce is random.
    let slot = type == .tree ? trees : data[Int(sealed.bytes[0]) % data.count]
    do {
      while !(try await append(sealed, id: id, to: slot)) { try await open(slot, type) }
    } catch {
      // A pack's memory may be gone with it, and others would wait for that for ever.
      fail(error)
      throw error
    }
  }

  /// Puts a sealed blob into the slot's pack, and sends that on its way once it is full; false if there is no pack.
  private func append(_ sealed: BlobSealer.Sealed, id: BlobID, to slot: Slot) async throws -> Bool {
    let (isDone, full) = try slot.pack.withLock { pack throws(StoreError) -> (Bool, OpenPack?) in
      guard pack != nil else { return (false, nil) }
      do throws(StoreError) { try pack?.append(sealed, id: id) } catch {
        // Nobody may add to what was written in part: its offsets are wrong, and its name would be.
        pack = nil
        throw error
      }
      let isFull = pack.map { $0.size >= settings.packSize || $0.blobs.count >= OpenPack.blobLimit } ?? false
      return (true, isFull ? pack.take() : nil)
    }
    if let full { try await self.full.push(full) }
    return isDone
  }

  /// Gives a slot an empty pack, unless somebody else was faster.
  private func open(_ slot: Slot, _ type: BlobType) async throws {
    // Handed over, never shared: bytes are added in place.
    var memory = try await self.memory.pop()
    let local = repository.store as? any LocalObjects
    try slot.pack.withLock { pack throws(StoreError) in
      guard pack == nil else { return }
      let file = try local?.begin(.pack)
      pack = OpenPack(type: type, file: file, memory: memory.take() ?? [], roomFor: settings.packSize)
    }
    if let spare = memory { try await self.memory.push(spare) }
  }

  /// Takes over packs that the store has and no index file lists, such as a journal's: they are in the next index file.
  public func adopt(_ packs: [(id: PackID, blobs: [PackedBlob])]) async throws {
    for (id, blobs) in packs {
      index.add(pack: id, size: packFileSize(blobs), blobs: blobs)
      await indexWriter.add(id, blobs)
      try await indexWriter.flushIfDue()
    }
  }

  // MARK: - Packs on their way

  /// Makes room for packs; before anything is stored.
  func prepare() async throws {
    for _ in 0..<packsInMemory { try await memory.push([]) }
  }

  /// Takes full packs until there are no more. Several run at once.
  func upload() async throws {
    let hash = SHA256()
    let cipher = AuthenticatedCipher(repository.key)
    while var pack = try await full.pop() {
      let id = try pack.close(hash, cipher)
      try await mayWrite()
      try await upload(pack, as: ObjectName(.pack, id.hex))
      let size = pack.size
      counted.withLock { $0.uploadedBytes += size }
      index.add(pack: id, size: size, blobs: pack.blobs)
      onStored(id, pack.blobs)
      // Before what may throw: whatever else fails, the last index lists what is stored.
      await indexWriter.add(id, pack.blobs)
      try await memory.push(pack.takeMemory())
      try await indexWriter.flushIfDue()
    }
  }

  private func upload(_ pack: OpenPack, as name: ObjectName) async throws(RepositoryError) {
    guard let file = pack.file, let local = repository.store as? any LocalObjects else {
      return try await repository.put(name, pack.bytes)
    }
    try await mapped { () async throws(StoreError) in try await local.finish(file, as: name) }
  }

  /// Hands the packs that are not full to the uploads, which end after them.
  func closePacks() async throws {
    for slot in data + [trees] {
      if let pack = slot.pack.withLock({ $0.take() }), !pack.blobs.isEmpty { try await full.push(pack) }
    }
    full.finish()
  }

  /// Ends the uploads at once, and whoever waits for memory.
  func fail(_ error: any Error) {
    full.fail(error)
    memory.fail(error)
  }

  /// Gives up the packs that are not full: on a full disk what they take is what the index needs.
  func abandonPacks() {
    for slot in data + [trees] { slot.pack.withLock { $0 = nil } }
  }

  /// Writes the index of all packs that the store has.
  func flushIndex() async throws { try await indexWriter.flush() }
}
