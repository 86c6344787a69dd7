internal import Concurrency
public import Cryptography
internal import Glibc
public import ObjectStores
public import ResticFormat

/// The key files of a repository: each wraps the one master key with a password (restic-format section 3).
public struct KeyRing: Sendable {
  /// A key file as a list shows it; nothing in it is secret.
  public struct Entry: Sendable, Equatable {
    /// The name of the file.
    public let id: FileID
    /// Who made it.
    public let username: String
    /// Where it was made.
    public let hostname: String
    /// RFC 3339, as it was written.
    public let created: String
  }

  /// The cost of new keys: 32 MiB and about 0.2 seconds (OWASP's password storage cheat sheet).
  static let cost = ScryptCost(n: 1 << 15, r: 8, p: 3)
  /// How many key files are tried; each costs a computation.
  static let tries = 20

  private let store: any ObjectStore

  /// The keys in a store.
  public init(_ store: any ObjectStore) { self.store = store }

  /// The master key, and the file that `password` opened. Damaged files count only if there are no others.
  /// - Parameters:
  ///   - hint: the first digits of the file to try first.
  ///   - fits: whether a master key is the repository's: who lost a race to make it may have left another one's file behind.
  func open(
    _ password: Password, hint: String? = nil, fits: (SealingKey) -> Bool
  ) async throws(RepositoryError) -> (SealingKey, FileID) {
    var ids = try await ids()
    if let hint, let likely = ids.firstIndex(where: { $0.hex.hasPrefix(hint) }) { ids.swapAt(0, likely) }
    guard !ids.isEmpty else { throw RepositoryError(.missing, Repository.noRepository(store)) }
    var isRefused = false
    var damage: RepositoryError?
    var failure: RepositoryError?
    for id in ids.prefix(Self.tries) {
      do {
        guard let key = try await unwrap(try await read(id), id, password) else {
          isRefused = true
          continue
        }
        if fits(key) { return (key, id) }
        failure = Repository.damagedConfig(store)
      } catch {
        // Another file may still open.
        if Self.isDamage(error) { damage = error } else { failure = error }
      }
    }
    // A file that the store did not give may be the one that the password opens.
    if let failure { throw failure }
    if let damage, !isRefused { throw damage }
    throw RepositoryError(
      .wrongPassword,
      "the password does not open \(ids.count == 1 ? "the key" : "any of the \(ids.count) keys") of \(store.location)"
        + (damage.map { "; besides, \($0)" } ?? ""))
  }

  /// All keys that can be read, newest last.
  /// - Parameter notice: told, in a sentence, of each file that is left out because it is damaged.
  public func list(notice: (String) -> Void = { _ in }) async throws(RepositoryError) -> [Entry] {
    var entries: [Entry] = []
    for id in try await ids() {
      do {
        let file = try await read(id)
        entries.append(Entry(id: id, username: file.username, hostname: file.hostname, created: file.created))
      } catch {
        guard Self.isDamage(error) else { throw error }
        // What was removed meanwhile is no key any more.
        if error.kind != .store(.notFound) { notice("the key \(id.shortHex) is left out: \(error)") }
      }
    }
    return entries.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
  }

  /// Whether a single file is at fault rather than the store.
  private static func isDamage(_ error: RepositoryError) -> Bool {
    switch error.kind {
    case .corrupt, .unsupported, .store(.corrupt), .store(.failed), .store(.notFound): true
    default: false
    }
  }

  /// Wraps the master key with one more password.
  func add(_ master: SealingKey, _ password: Password) async throws(RepositoryError) -> FileID {
    let salt = randomBytes(64)
    guard let user = await derive(password, salt, Self.cost) else {
      throw RepositoryError(.badRequest, "scrypt refuses to make a key from this password")
    }
    let sealed = AuthenticatedCipher(user).seal(MasterKeyFile.encode(master))
    let file = KeyFile(
      created: Snapshot.Moment.now.rfc3339, username: Identity.current.username, hostname: Identity.current.hostname,
      cost: Self.cost, salt: salt, data: sealed)
    let bytes = file.encoded()
    let id = SHA256Digest(of: bytes)
    try await mapped { () async throws(StoreError) in try await store.put(ObjectName(.key, id.hex), bytes) }
    return id
  }

  func remove(_ id: FileID) async throws(RepositoryError) {
    try await mapped { () async throws(StoreError) in try await store.remove(ObjectName(.key, id.hex)) }
  }

  private func ids() async throws(RepositoryError) -> [FileID] {
    try await mapped { () async throws(StoreError) in try await store.list(.key).compactMap { FileID($0.name) } }
      .sorted()
  }

  private func read(_ id: FileID) async throws(RepositoryError) -> KeyFile {
    let bytes = try await mapped { () async throws(StoreError) in try await store.get(ObjectName(.key, id.hex)) }
    guard SHA256Digest(of: bytes) == id else {
      throw RepositoryError(.corrupt, "the key \(id.hex) is damaged: its hash is not its name")
    }
    return try decoding { () throws(FormatError) in try KeyFile(decoding: bytes) }
  }

  private func unwrap(_ file: KeyFile, _ id: FileID, _ password: Password) async throws(RepositoryError) -> SealingKey?
  {
    guard let user = await derive(password, file.salt, file.cost) else {
      throw RepositoryError(
        .corrupt, "the key \(id.hex) asks for a computation that makes no sense, or too much memory")
    }
    guard let json = AuthenticatedCipher(user).open(file.data) else { return nil }
    return try decoding { () throws(FormatError) in try MasterKeyFile.decode(json) }
  }

  /// The key of a password: its lanes are computed on as many threads as there are processors.
  private func derive(_ password: Password, _ salt: [UInt8], _ cost: ScryptCost) async -> SealingKey? {
    guard let steps = ScryptLanes(password: password.bytes, salt: salt, cost: cost) else { return nil }
    let count = steps.lanes.count
    // A lane may take half a gigabyte: more at once than a hostile key file should get.
    let atOnce = max(1, (512 << 20) / steps.laneMemory)
    let width = min(2, atOnce)
    let threads = max(1, min(sysconf(CInt(_SC_NPROCESSORS_ONLN)), atOnce / width))
    let parts = stride(from: 0, to: count, by: width).map { $0..<min($0 + width, count) }
    let lanes = await withTaskGroup(of: [(Int, [[UInt8]]?)].self) { group in
      for thread in 0..<min(threads, parts.count) {
        group.addTask {
          await BlockingPool.shared.runNonthrowing {
            stride(from: thread, to: parts.count, by: threads).map { ($0, steps.mix(steps.lanes[parts[$0]])) }
          }
        }
      }
      var mixed = [[[UInt8]]?](repeating: nil, count: parts.count)
      for await some in group {
        for (number, lanes) in some { mixed[number] = lanes }
      }
      return mixed.compactMap(\.self).flatMap(\.self)
    }
    guard lanes.count == steps.lanes.count else { return nil }
    return steps.key(lanes, length: 64).flatMap(SealingKey.init(derived:))
  }
}

extension Repository {
  /// Adds a password, and returns its key's name.
  public func addKey(_ password: Password) async throws(RepositoryError) -> FileID {
    try await KeyRing(store).add(key, password)
  }

  /// Removes a password. The one that opened the repository can't be removed.
  public func removeKey(_ id: FileID) async throws(RepositoryError) {
    guard id != keyID else {
      throw RepositoryError(
        .badRequest,
        "the key \(id.shortHex) is the one in use; open the repository with another password to remove it")
    }
    try await KeyRing(store).remove(id)
  }

  /// Replaces the password in use: the new key is durable before the old one goes.
  public func changePassword(_ password: Password) async throws(RepositoryError) -> FileID {
    let new = try await addKey(password)
    // The new one must open before the old one goes.
    _ = try await KeyRing(store).open(password) { $0 == key }
    try await KeyRing(store).remove(keyID)
    return new
  }
}
