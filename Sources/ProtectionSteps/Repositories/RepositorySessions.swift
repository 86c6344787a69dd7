import ObjectStores
package import ResticRepository
import RestorePoints
import StepEngine

/// The repositories that this worker has open, so that a step does not pay again for what its forerunners paid for: deriving
/// the key from the password (a third of a second) and the lock.
package actor RepositorySessions {
  private struct Session {
    let repository: Repository
    let lock: SharedLock
  }

  private var sessions: [[String]: Task<Session, any Error>] = [:]

  /// So many at most; profiles are few.
  private static let limit = 32

  private let points: RestorePointStore

  /// No repository is open yet. What each profile's is, `points` knows.
  init(points: RestorePointStore) { self.points = points }

  /// Runs `body` with the repository of a profile, under a shared lock.
  /// - Throws: `StepFailure` for what the step's author should see; what `body` throws.
  package func use<Result: Sendable>(
    _ profile: Profile, _ body: @Sendable (Repository, RepositoryLock) async throws -> Result
  ) async throws -> Result {
    let session = try await session(profile)
    try await checkPresence(of: session, profile)
    let result = try await session.lock.during { lock in try await body(session.repository, lock) }
    try await checkPresence(of: session, profile)
    return result
  }

  /// Whether the repository is still where it was opened: a disk that was unmounted leaves a folder in which everything could be
  /// written, and nothing would be found.
  private func checkPresence(of session: Session, _ profile: Profile) async throws {
    do {
      _ = try await session.repository.store.size(of: .config)
    } catch {
      guard error.kind == .notFound else { throw error }
      sessions[profile.identity] = nil
      throw Self.isGone(profile, session.repository.store)
    }
  }

  private static func isGone(_ profile: Profile, _ store: any ObjectStore) -> StepFailure {
    StepFailure(
      .throttled(after: StepFailure.outagePause),
      "profile \(profile.name): its repository is not at \(store.location) any more; is the disk mounted, is the place right?"
    )
  }

  /// Runs `body` with the repository of a profile, which nobody else may use meanwhile.
  package func useAlone<Result: Sendable>(
    _ profile: Profile, _ body: @Sendable (Repository, RepositoryLock) async throws -> Result
  ) async throws -> Result {
    let session = try await session(profile)
    try await checkPresence(of: session, profile)
    // Our own lock would be in the way; that of a running step is, rightly.
    await session.lock.endIfUnused()
    return try await session.repository.withLock(exclusive: true) { lock in
      try await body(session.repository, lock)
    }
  }

  /// The repository of a profile for what needs no lock.
  package func open(_ profile: Profile) async throws -> Repository {
    let session = try await session(profile)
    try await checkPresence(of: session, profile)
    return session.repository
  }

  /// Gives back the locks that nobody uses any more; a worker's end calls it, or they would stay behind.
  package func close() async {
    for session in sessions.values {
      if let session = try? await session.value { await session.lock.endIfUnused() }
    }
  }

  private func session(_ profile: Profile) async throws -> Session {
    if sessions[profile.identity] == nil {
      if sessions.count >= Self.limit { sessions.removeAll() }
      sessions[profile.identity] = Task { [points] in try await Self.open(profile, points) }
    }
    let opening = sessions[profile.identity]
    do {
      guard let opening else { throw CancellationError() }
      return try await opening.value
    } catch {
      if sessions[profile.identity] == opening { sessions[profile.identity] = nil }
      throw error
    }
  }

  /// Opens the repository, and makes it at the first use of a profile.
  private static func open(_ profile: Profile, _ points: RestorePointStore) async throws -> Session {
    let store = try openStore(profile.place, options: profile.options)
    let place = redactedLocation(profile.place)
    let known = try await points.repository(of: profile.name, at: place)
    let repository = try await openOrMake(store, profile, known: known)
    guard try await points.repository(of: profile.name, at: place, id: repository.id) == repository.id else {
      throw StepFailure(
        .permanent,
        "profile \(profile.name): \(store.location) holds another repository than before; nothing was written. If that is meant, give the profile another name"
      )
    }
    return Session(repository: repository, lock: SharedLock(repository))
  }

  private static func openOrMake(
    _ store: any ObjectStore, _ profile: Profile, known: String?
  ) async throws -> Repository {
    do {
      return try await Repository.open(store, password: profile.password)
    } catch {
      // Without a config, or without even a folder.
      guard error.kind == .missing || error.kind == .store(.notFound) else { throw error }
    }
    guard known == nil else { throw isGone(profile, store) }
    let refusal: RepositoryError
    do {
      return try await Repository.initialize(store, password: profile.password)
    } catch {
      guard error.kind == .exists else { throw error }
      refusal = error
    }
    do {
      // Another worker made it at the same moment.
      return try await Repository.open(store, password: profile.password)
    } catch {
      // Else somebody else's remains are there.
      guard error.kind != .missing else { throw refusal }
      throw error
    }
  }
}
