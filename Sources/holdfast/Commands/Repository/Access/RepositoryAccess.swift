internal import CommandSyntax
internal import ObjectStores
internal import Terminal
internal import Glibc
internal import ResticRepository

extension ParsedArguments {
  /// Opens the repository that the options, or the environment, name, and shows progress while `body` runs.
  func withOpenRepository<Result: Sendable>(
    _ display: ProgressDisplay, _ body: @Sendable (Repository) async throws -> Result
  ) async throws -> Result {
    let store = try await store { display.warn($0) }
    // Before anything is drawn: it may be asked for.
    let password = try await password(for: store.location)
    return try await display.during { try await body(try await open(store, password)) }
  }

  private func open(_ store: any ObjectStore, _ password: Password) async throws -> Repository {
    do {
      return try await Repository.open(store, password: password, keyHint: self[RepositoryOptions.keyHint])
    } catch {
      guard error.kind == .store(.notFound) else { throw error }
      throw CommandFailure(
        .noRepository,
        "there is no repository at \(store.location); make one with 'holdfast repo init', or check the place")
    }
  }

  /// The password of the repository at a place; typed twice if it is a new one.
  func password(for location: String, isNew: Bool = false) async throws -> Password {
    let source = try PasswordSource(self) { getenv($0).map { String(cString: $0) } }
    let question =
      isNew ? "password for the new repository at \(location)" : "password of the repository at \(location)"
    return try await source.password(question, isNew: isNew)
  }

  /// Whether people don't want to read how it went; what is for programs is written all the same.
  var isQuiet: Bool { self[RepositoryOptions.quiet] && self[GlobalOptions.output] == .table }

  /// Whether the command writes JSON.
  var writesJSON: Bool { self[GlobalOptions.output] == .json }
}

/// Which lock a command takes.
enum RepositoryLockKind {
  /// Others may read and add meanwhile.
  case shared
  /// The same for a backup, which begins to read at once and asks `settled` before it counts on the lock.
  case adding
  /// Nobody else may do anything meanwhile.
  case exclusive
}

extension ParsedArguments {
  /// Opens the repository and holds a lock on it while `body` runs, with progress.
  func withRepository<Result: Sendable>(
    _ kind: RepositoryLockKind, _ display: ProgressDisplay,
    _ body: @Sendable (Repository, RepositoryLock) async throws -> Result
  ) async throws -> Result {
    guard !self[RepositoryOptions.noLock] else {
      throw CommandFailure(
        .usage, "this command changes the repository and can't do without a lock; leave out --no-lock")
    }
    return try await withOpenRepository(display) { repository in
      try await repository.withLock(
        exclusive: kind == .exclusive, retryFor: self[RepositoryOptions.retryLock], settlesLate: kind == .adding,
        notice: { display.warn($0) }
      ) { try await body(repository, $0) }
    }
  }

  /// The same for a command that only reads, and that --no-lock lets go without a lock.
  func withRepositoryToRead<Result: Sendable>(
    _ display: ProgressDisplay, _ body: @Sendable (Repository) async throws -> Result
  ) async throws -> Result {
    try await withOpenRepository(display) { repository in
      if self[RepositoryOptions.noLock] { return try await body(repository) }
      return try await repository.withLock(
        exclusive: false, retryFor: self[RepositoryOptions.retryLock], settlesLate: true, notice: { display.warn($0) }
      ) { _ in try await body(repository) }
    }
  }

  /// Where this machine keeps the repository's index.
  var indexCache: IndexCachePlace {
    if self[RepositoryOptions.noCache] { return .none }
    // restic has a folder of its own for each repository there, whose contents are others.
    return self[RepositoryOptions.cacheFolder].map { .folder($0 + "/holdfast") } ?? .standard
  }
}
