internal import Compression
public import Cryptography
public import ObjectStores
public import ResticFormat

/// Index, snapshot and lock files: JSON, sealed, and named by the hash of what is stored (restic-format section 6).
extension Repository {
  /// The largest document that is read; restic's own stay below 8 MiB.
  static let documentLimit = 1 << 30

  /// The JSON text of a file.
  /// - Throws: `.notFound`, `.corrupt`, `.unsupported`, or the store's error.
  public func loadSealed(_ kind: ObjectKind, _ id: FileID) async throws(RepositoryError) -> [UInt8] {
    let name = ObjectName(kind, id.hex)
    let stored: [UInt8]
    do {
      stored = try await store.get(name)
    } catch {
      if error.kind == .notFound { throw RepositoryError(.notFound, "there is no \(kind.rawValue) \(id.hex)") }
      throw RepositoryError(error)
    }
    guard SHA256Digest(of: stored) == id, let payload = AuthenticatedCipher(key).open(stored) else {
      throw RepositoryError(.corrupt, "the object \(name) is damaged: it is not what was stored under its name")
    }
    switch payload.first {
    case nil, UInt8(ascii: "{"), UInt8(ascii: "["): return payload
    case 2:
      do {
        return try payload.dropFirst().withUnsafeBytes { frame throws(ZstdError) in
          try ZstdDecompressor().decompress(frame, limit: Self.documentLimit)
        }
      } catch {
        throw RepositoryError(.corrupt, "the object \(name) is damaged: \(error)")
      }
    case let other?:
      throw RepositoryError(
        .unsupported, "the object \(name) is encoded in a way (\(other)) that this version of holdfast does not know")
    }
  }

  /// Stores a document and returns its name.
  @discardableResult
  public func saveSealed(_ kind: ObjectKind, _ json: [UInt8]) async throws(RepositoryError) -> FileID {
    let (id, file) = seal(json)
    try await put(ObjectName(kind, id.hex), file)
    return id
  }

  /// A document as it is stored, and its name.
  func seal(_ json: [UInt8]) -> (id: FileID, file: [UInt8]) {
    let payload = config.allowsCompression ? [2] + ZstdCompressor(level: 3).compress(json) : json
    let file = AuthenticatedCipher(key).seal(payload)
    return (SHA256Digest(of: file), file)
  }

  /// Writes an object.
  package func put(_ name: ObjectName, _ bytes: [UInt8]) async throws(RepositoryError) {
    try await mapped { () async throws(StoreError) in try await store.put(name, bytes) }
  }

  /// The ids of all files of a kind.
  public func list(_ kind: ObjectKind) async throws(RepositoryError) -> [FileID] {
    try await mapped { () async throws(StoreError) in try await store.list(kind).compactMap { FileID($0.name) } }
  }

  /// Removes a file; one that is gone already is no error.
  public func remove(_ kind: ObjectKind, _ id: FileID) async throws(RepositoryError) {
    try await mapped { () async throws(StoreError) in try await store.remove(ObjectName(kind, id.hex)) }
  }
}
