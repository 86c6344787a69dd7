/// A store whose traffic stays below so many bytes per second, all connections together.
///
/// An object is sent once its share of the time has passed, and handed over after its share has; what the store sends again
/// after a failure is not counted. Locks are counted but never wait: behind a queue of packs they would end unrefreshed.
public final class RateLimitedStore: ObjectStore {
  private let store: any ObjectStore
  private let upload: TokenBucket?
  private let download: TokenBucket?

  /// What the user wrote to name the place, without secrets.
  public var location: String { store.location }
  /// How many calls may usefully be under way at once.
  public var concurrency: Int { store.concurrency }
  /// Whether journals and points can be kept here.
  public var keepsJournals: Bool { store.keepsJournals }

  /// Limits `store`.
  /// - Parameters:
  ///   - upload: bytes per second that are sent at most; nil sets no limit.
  ///   - download: bytes per second that are received at most; nil sets no limit.
  public init(_ store: any ObjectStore, upload: Int?, download: Int?) {
    self.store = store
    self.upload = upload.map { TokenBucket(bytesPerSecond: $0) }
    self.download = download.map { TokenBucket(bytesPerSecond: $0) }
  }

  /// Makes the place ready for a new repository, or says why it cannot be one.
  public func prepare() async throws(StoreError) { try await store.prepare() }

  /// Writes an object; afterwards it is there as a whole, or not at all.
  public func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    try await upload?.take(contents.count, waits: name.kind != .lock)
    try await store.put(name, contents, overwrite: overwrite)
  }

  /// Reads an object or a part of it.
  public func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    let waits = name.kind != .lock
    if let range { try await download?.take(range.count, waits: waits) }
    let bytes = try await store.get(name, range: range)
    if range == nil { try await download?.take(bytes.count, waits: waits) }
    return bytes
  }

  /// The length of an object in bytes.
  public func size(of name: ObjectName) async throws(StoreError) -> Int { try await store.size(of: name) }

  /// All objects of a kind, in no order.
  public func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] { try await store.list(kind) }

  /// Removes an object; that it is gone already is no error.
  public func remove(_ name: ObjectName) async throws(StoreError) { try await store.remove(name) }

  /// Removes what writers that died left behind more than a day ago; returns how many such things.
  public func sweep() async throws(StoreError) -> Int { try await store.sweep() }
}
