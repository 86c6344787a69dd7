internal import Compression
internal import Cryptography
internal import ObjectStores

/// What a restore point consists of, kept beside the data: JSON, sealed, under the point's name. So the catalogue can be made
/// again of the repository alone. restic ignores these files.
extension Repository {
  /// The largest description of a point that is read.
  private static let pointLimit = 64 << 20

  /// Whether descriptions of points can be kept here: not on restic's REST server.
  public var keepsPoints: Bool { store.keepsJournals }

  /// Stores what a point consists of; what was there under the name is replaced.
  public func savePoint(_ name: String, _ json: [UInt8]) async throws(RepositoryError) {
    let sealed = AuthenticatedCipher(key).seal([2] + ZstdCompressor(level: 3).compress(json))
    try await put(ObjectName(.point, name), sealed)
  }

  /// What a point consists of.
  /// - Throws: `.notFound`, `.corrupt`, or the store's error.
  public func point(_ name: String) async throws(RepositoryError) -> [UInt8] {
    let sealed: [UInt8]
    do {
      sealed = try await store.get(ObjectName(.point, name))
    } catch {
      guard error.kind == .notFound else { throw RepositoryError(error) }
      throw RepositoryError(.notFound, "the repository at \(store.location) describes no restore point \(name)")
    }
    guard let payload = AuthenticatedCipher(key).open(sealed), payload.first == 2 else {
      throw RepositoryError(.corrupt, "the description of the restore point \(name) is damaged")
    }
    do {
      return try payload.dropFirst().withUnsafeBytes { frame throws(ZstdError) in
        try ZstdDecompressor().decompress(frame, limit: Self.pointLimit)
      }
    } catch {
      throw RepositoryError(.corrupt, "the description of the restore point \(name) is damaged: \(error)")
    }
  }

  /// The names of all points that are described here, sorted.
  public func points() async throws(RepositoryError) -> [String] {
    guard keepsPoints else { return [] }
    return try await mapped { () async throws(StoreError) in try await store.list(.point).map(\.name).sorted() }
  }

  /// Removes the description of a point; that it is gone already is no error.
  public func removePoint(_ name: String) async throws(RepositoryError) {
    guard keepsPoints else { return }
    try await mapped { () async throws(StoreError) in try await store.remove(ObjectName(.point, name)) }
  }
}
