/// A store as it is, to which nothing is written: what is put or removed is forgotten. For dry runs.
public final class UnwrittenStore: ObjectStore {
  private let store: any ObjectStore

  /// What the user wrote to name the place, without secrets.
  public var location: String { store.location }
  /// How many calls may usefully be under way at once.
  public var concurrency: Int { store.concurrency }
  /// Whether journals and points can be kept here.
  public var keepsJournals: Bool { store.keepsJournals }

  /// Keeps `store` as it is.
  public init(_ store: any ObjectStore) { self.store = store }

  /// Does nothing.
  public func prepare() async throws(StoreError) {}

  /// Forgets the object.
  public func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {}

  /// Reads an object or a part of it.
  public func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    try await store.get(name, range: range)
  }

  /// The length of an object in bytes.
  public func size(of name: ObjectName) async throws(StoreError) -> Int { try await store.size(of: name) }

  /// All objects of a kind, in no order.
  public func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] { try await store.list(kind) }

  /// Leaves the object where it is.
  public func remove(_ name: ObjectName) async throws(StoreError) {}
}
