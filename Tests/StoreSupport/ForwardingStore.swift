package import ObjectStores

/// A store of tests: what it doesn't do in its own way, it leaves to another.
package protocol ForwardingStore: ObjectStore {
  /// The other.
  var base: any ObjectStore { get }
}

extension ForwardingStore {
  package var location: String { base.location }
  package var concurrency: Int { base.concurrency }
  package var keepsJournals: Bool { base.keepsJournals }

  package func prepare() async throws(StoreError) { try await base.prepare() }
  package func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    try await base.put(name, contents, overwrite: overwrite)
  }
  package func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    try await base.get(name, range: range)
  }
  package func size(of name: ObjectName) async throws(StoreError) -> Int { try await base.size(of: name) }
  package func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] { try await base.list(kind) }
  package func remove(_ name: ObjectName) async throws(StoreError) { try await base.remove(name) }
}
