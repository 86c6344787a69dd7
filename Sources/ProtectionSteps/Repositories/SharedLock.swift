import ResticRepository

/// A shared lock on a repository for all steps of this worker that use it at a time: taken by the first, given back a moment
/// after the last. One for each step would cost each the time in which a lock settles.
actor SharedLock {
  private let repository: Repository
  private var users = 0
  private var hold: Hold?
  /// Counts the moments without users, so that a wait for the end knows whether it is still meant.
  private var pauses = 0

  /// How long it is kept without users: until the next step of a busy worker.
  private static let linger = Duration.seconds(1)

  init(_ repository: Repository) { self.repository = repository }

  /// Runs `body` while the lock is held.
  /// - Throws: `RepositoryError` of kind `.locked` if somebody has the repository alone; what `body` throws.
  func during<Result: Sendable>(_ body: @Sendable (RepositoryLock) async throws -> Result) async throws -> Result {
    users += 1
    let current = hold ?? Hold(repository)
    hold = current
    do {
      let result = try await body(try await current.lock())
      leave()
      return result
    } catch {
      // One that could not be had, or is lost, is of no use to the next either.
      if await current.isUseless, hold === current { drop() }
      leave()
      throw error
    }
  }

  /// Gives it back now if nobody uses it.
  func endIfUnused() async {
    guard users == 0, let unused = hold else { return }
    drop()
    await unused.end()
  }

  private func leave() {
    users -= 1
    guard users == 0, hold != nil else { return }
    pauses += 1
    let pause = pauses
    Task {
      try? await Task.sleep(for: Self.linger)
      if users == 0, pause == pauses { await endIfUnused() }
    }
  }

  private func drop() {
    hold?.letGo()
    hold = nil
  }
}

/// One lock from when it is asked for until it is given back.
private final class Hold: Sendable {
  private let holding: Task<Void, Never>
  private let taking: Task<RepositoryLock, any Error>
  private let ending: AsyncStream<Never>.Continuation

  init(_ repository: Repository) {
    let (end, ending) = AsyncStream<Never>.makeStream()
    let (locks, locked) = AsyncThrowingStream<RepositoryLock, any Error>.makeStream()
    self.ending = ending
    holding = Task {
      do {
        try await repository.withLock(exclusive: false, retryFor: .seconds(2), settlesLate: true) { lock in
          locked.yield(lock)
          for await _ in end {}
        }
        locked.finish()
      } catch {
        locked.finish(throwing: error)
      }
    }
    taking = Task {
      for try await lock in locks { return lock }
      throw CancellationError()
    }
  }

  func lock() async throws -> RepositoryLock { try await taking.value }

  /// Whether it could not be had, or is lost.
  var isUseless: Bool {
    get async {
      guard let lock = try? await taking.value else { return true }
      do { try await lock.checkOurs() } catch { return true }
      return false
    }
  }

  func letGo() { ending.finish() }

  func end() async {
    letGo()
    await holding.value
  }
}
