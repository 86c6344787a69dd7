internal import BlobIndex
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
public import ResticRepository

/// What can be looked at as it is in a repository.
public enum CatObject: Sendable, Equatable {
  /// The config, JSON.
  case config
  /// The master key, JSON. Whoever has it can read everything.
  case masterKey
  /// A key file, JSON; digits are the first of its name, as in all that follow.
  case key(digits: String)
  /// A snapshot, JSON.
  case snapshot(digits: String)
  /// An index file, JSON.
  case index(digits: String)
  /// A lock, JSON.
  case lock(digits: String)
  /// A pack as it is stored, sealed.
  case pack(digits: String)
  /// A blob's plaintext; the whole id.
  case blob(id: String)
  /// A folder's tree, JSON: `SNAPSHOT:path`.
  case tree(folder: String)
}

extension Repository {
  /// The bytes of an object, opened.
  /// - Parameters:
  ///   - filter: what `latest` means in `.tree` and `.snapshot`.
  ///   - reader: gives the blobs' reader, for `.blob` and `.tree` only.
  /// - Throws: `.notFound`, `.badRequest`, `.corrupt`, or the store's error.
  public func cat(
    _ object: CatObject, _ filter: SnapshotFilter = SnapshotFilter(), reader: () async throws -> BlobReader
  ) async throws -> [UInt8] {
    switch object {
    case .config: return config.encoded()
    case .masterKey: return MasterKeyFile.encode(key)
    case .key(let digits): return try await stored(.key, digits)
    case .pack(let digits): return try await stored(.pack, digits)
    case .snapshot(let text): return try await loadSealed(.snapshot, try await snapshot(named: text, filter).id)
    case .index(let digits): return try await loadSealed(.index, try await fileID(.index, startingWith: digits))
    case .lock(let digits): return try await loadSealed(.lock, try await fileID(.lock, startingWith: digits))
    case .blob(let text):
      guard let id = BlobID(text) else {
        throw RepositoryError(.badRequest, "'\(text)' is no blob's id; write all 64 digits")
      }
      let reader = try await reader()
      let type: BlobType = reader.index.contains(id, .data) ? .data : .tree
      return try await reader.read(id, type)
    case .tree(let text):
      let reader = try await reader()
      return try await reader.read(try await folder(named: text, filter, reader).tree, .tree)
    }
  }

  private func stored(_ kind: ObjectKind, _ digits: String) async throws -> [UInt8] {
    let id = try await fileID(kind, startingWith: digits)
    let bytes = try await store.get(ObjectName(kind, id.hex))
    guard SHA256Digest(of: bytes) == id else {
      throw RepositoryError(.corrupt, "the \(kind.rawValue) \(id.hex) is damaged: its hash is not its name")
    }
    return bytes
  }
}
