internal import Compression
public import Cryptography
public import ObjectStores
public import ResticFormat

/// An open repository: its store, and the key that opens everything in it.
///
/// Knows restic's format versions 1, in which nothing is compressed, and 2. All its calls are made for many tasks.
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
    let sealed: [UInt8]
    do {
      sealed = try await store.get(.config)
    } catch {
      guard error.kind == .notFound else { throw RepositoryError(error) }
      // A bucket or a folder that isn't there says so itself.
      _ = try await mapped { () async throws(StoreError) in try await store.list(.key) }
      throw RepositoryError(.missing, noRepository(store))
    }
    let (key, keyID) = try await KeyRing(store).open(password, hint: keyHint) { opens(sealed, with: $0) }
    guard let bytes = AuthenticatedCipher(key).open(sealed) else { throw damagedConfig(store) }
    let config = try decoding { () throws(FormatError) in try RepositoryConfig(decoding: bytes) }
    return Repository(store: store, config: config, key: key, keyID: keyID)
  }

  /// Makes a new repository, or goes on where one that died after it had stored its key left off.
  /// - Throws: `.exists` if the place holds one, or remains that this password doesn't open.
  public static func initialize(
    _ store: any ObjectStore, password: Password
  ) async throws(RepositoryError) -> Repository {
    try await mapped { () async throws(StoreError) in try await store.prepare() }
    guard try await isFree(store) else { throw holdsOne(store) }
    let (key, keyID, isOurs) = try await keyOfNew(store, password)
    // A repository exists once its config does.
    let config = RepositoryConfig.random()
    let sealed = AuthenticatedCipher(key).seal(config.encoded())
    do {
      try await store.put(.config, sealed, overwrite: false)
    } catch {
      guard error.kind == .exists else { throw RepositoryError(error) }
      if isOurs { await withdraw(keyID, password, store) }
      throw RepositoryError(.exists, "\(store.location) was made a repository by another process at the same time")
    }
    return Repository(store: store, config: config, key: key, keyID: keyID)
  }

  /// Whether there is neither a config nor a snapshot.
  private static func isFree(_ store: any ObjectStore) async throws(RepositoryError) -> Bool {
    try await mapped { () async throws(StoreError) in
      do throws(StoreError) {
        _ = try await store.size(of: .config)
        return false
      } catch {
        guard error.kind == .notFound else { throw error }
      }
      return try await store.list(.snapshot).isEmpty
    }
  }

  /// The master key of a repository that is about to be made, and whether nobody had stored it before. Whoever did may have died,
  /// or be about to write the config; the first config counts.
  private static func keyOfNew(
    _ store: any ObjectStore, _ password: Password
  ) async throws(RepositoryError) -> (key: SealingKey, id: FileID, isOurs: Bool) {
    let ring = KeyRing(store)
    let isFirst = try await mapped { () async throws(StoreError) in try await store.list(.key).isEmpty }
    guard !isFirst else {
      let key = SealingKey.random()
      return (key, try await ring.add(key, password), true)
    }
    do {
      let (key, id) = try await ring.open(password) { _ in true }
      return (key, id, false)
    } catch {
      switch error.kind {
      // The last two: somebody who lost a race removed it meanwhile.
      case .wrongPassword, .unsupported, .corrupt, .missing, .store(.notFound): throw holdsOne(store)
      default: throw error
      }
    }
  }

  /// Removes the key of one who came too late with the config, if the password opens the config by another key: another process
  /// may have taken this one up, and be about to write the config. Also when cancelled; one that stays is in nobody's way.
  private static func withdraw(_ id: FileID, _ password: Password, _ store: any ObjectStore) async {
    await Task {
      let ring = KeyRing(store)
      guard let sealed = try? await store.get(.config),
        let inUse = try? await ring.open(password, fits: { opens(sealed, with: $0) }), inUse.1 != id
      else { return }
      try? await ring.remove(id)
    }.value
  }

  private static func opens(_ config: [UInt8], with key: SealingKey) -> Bool {
    AuthenticatedCipher(key).open(config) != nil
  }

  private static func holdsOne(_ store: any ObjectStore) -> RepositoryError {
    RepositoryError(.exists, "\(store.location) holds a repository already, or its remains; nothing was changed")
  }

  static func damagedConfig(_ store: any ObjectStore) -> RepositoryError {
    RepositoryError(.corrupt, "the config in \(store.location) is damaged, or of another repository than its keys")
  }

  static func noRepository(_ store: any ObjectStore) -> String {
    "there is no repository at \(store.location); make one with 'holdfast repo init', or check the location"
  }
}
