internal import Compression
public import Cryptography
public import ObjectStores
public import ResticFormat

/// An open repository: its store, and the key that opens everything in it.
///
/// Knows restic's format version 1 (to read) and 2. All its calls are made for many tasks.
public final class Repository: Sendable {
  /// Where the objects are.
  public let store: any ObjectStore
  /// What it is.
  public let config: RepositoryConfig
  /// The master key. Never leaves the process.
  package let key: SealingKey
  /// The key file whose password opened it.
  public let keyID: FileID
  let knownSnapshots = KnownSnapshots()
  let knownIndex = KnownIndex()

  init(store: any ObjectStore, config: RepositoryConfig, key: SealingKey, keyID: FileID) {
    self.store = store
    self.config = config
    self.key = key
    self.keyID = keyID
  }

  /// A secret for a purpose, which tells nothing about the master key: for the chunker's table, for local caches.
  public func secret(for purpose: String) -> [UInt8] {
    hmacSHA256(key: key.encryption + key.macK + key.macR, Array("holdfast \(purpose)".utf8))
  }

  /// The same repository for a dry run: what is written or removed is forgotten.
  public var unwritten: Repository {
    Repository(store: UnwrittenStore(store), config: config, key: key, keyID: keyID)
  }

  /// A random 64-digit name of the repository.
  public var id: String { config.id }
}

extension Repository {
  /// Opens the repository in a store.
  /// - Parameter keyHint: the first digits of the key file to try first: each try costs a computation.
  /// - Throws: `.missing`, `.wrongPassword`, `.unsupported`, `.corrupt`, or the store's error.
  public static func open(
    _ store: any ObjectStore, password: Password, keyHint: String? = nil
  ) async throws(RepositoryError) -> Repository {
    let (key, keyID) = try await KeyRing(store).open(password, hint: keyHint)
    let sealed: [UInt8]
    do {
      sealed = try await store.get(.config)
    } catch {
      guard error.kind == .notFound else { throw RepositoryError(error) }
      throw RepositoryError(.missing, noRepository(store))
    }
    guard let bytes = AuthenticatedCipher(key).open(sealed) else {
      throw RepositoryError(
        .corrupt, "the config in \(store.location) is damaged, or of another repository than its keys")
    }
    let config = try decoding { () throws(FormatError) in try RepositoryConfig(decoding: bytes) }
    return Repository(store: store, config: config, key: key, keyID: keyID)
  }

  /// Makes a new repository.
  /// - Throws: `.exists` if the place holds one, or its remains.
  public static func initialize(
    _ store: any ObjectStore, password: Password
  ) async throws(RepositoryError) -> Repository {
    try await mapped { () async throws(StoreError) in try await store.prepare() }
    let isFree = try await mapped { () async throws(StoreError) in
      let hasConfig: Bool
      do throws(StoreError) {
        _ = try await store.size(of: .config)
        hasConfig = true
      } catch {
        guard error.kind == .notFound else { throw error }
        hasConfig = false
      }
      guard !hasConfig, try await store.list(.key).isEmpty else { return false }
      return try await store.list(.snapshot).isEmpty
    }
    guard isFree else {
      throw RepositoryError(.exists, "\(store.location) holds a repository already; nothing was changed")
    }
    let key = SealingKey.random()
    // A repository exists once its config does.
    let keyID = try await KeyRing(store).add(key, password)
    let config = RepositoryConfig.random()
    let sealed = AuthenticatedCipher(key).seal(config.encoded())
    do {
      try await store.put(.config, sealed, overwrite: false)
    } catch {
      guard error.kind == .exists else { throw RepositoryError(error) }
      throw RepositoryError(.exists, "\(store.location) was made a repository by another process at the same time")
    }
    return Repository(store: store, config: config, key: key, keyID: keyID)
  }

  static func noRepository(_ store: any ObjectStore) -> String {
    "there is no repository at \(store.location); make one with 'holdfast repo init', or check the location"
  }
}
