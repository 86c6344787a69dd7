internal import Cryptography
internal import Glibc
internal import ObjectStores
internal import ResticFormat
internal import Synchronization

/// Our lock on a repository. `Repository.withLock` is the way to one.
public final class RepositoryLock: Sendable {
  private struct State {
    /// The file that counts.
    var id: FileID
    /// Others that we wrote, or may have written, and could not remove yet.
    var leftovers: Set<FileID> = []
    var refreshed: ContinuousClock.Instant
    /// Why it is ours no longer.
    var loss: String?
  }

  /// Whether nobody else may work with the repository.
  public let isExclusive: Bool
  private let repository: Repository
  private let times: LockTimes
  private let state: Mutex<State>
  private let settling = Mutex<Task<Void, any Error>?>(nil)

  private init(_ repository: Repository, exclusive: Bool, times: LockTimes, id: FileID) {
    self.repository = repository
    isExclusive = exclusive
    self.times = times
    state = Mutex(State(id: id, refreshed: .now))
  }

  deinit {
    let (id, leftovers) = state.withLock { ($0.id, $0.leftovers) }
    for id in leftovers.union([id]) { HeldLocks.remove(id) }
  }

  /// Writes a lock unless another one is in the way.
  static func take(_ repository: Repository, exclusive: Bool, times: LockTimes) async throws -> RepositoryLock {
    try await repository.checkForOtherLocks(exclusive: exclusive, except: nil)
    let (id, file) = repository.newLock(exclusive: exclusive)
    do {
      try await repository.put(ObjectName(.lock, id.hex), file)
    } catch {
      // It may have arrived all the same. Shielded from the cancellation that may have brought us here.
      await Task { try? await repository.remove(.lock, id) }.value
      HeldLocks.remove(id)
      throw error
    }
    return RepositoryLock(repository, exclusive: exclusive, times: times, id: id)
  }

  /// Begins to look whether another process took a lock at the same time.
  func beginSettling() {
    let task = Task {
      try await Task.sleep(for: times.settling)
      do { try await repository.checkForOtherLocks(exclusive: isExclusive, except: id) } catch {
        if (error as? RepositoryError)?.kind == .locked { lose("another process took one at the same time") }
        throw error
      }
    }
    settling.withLock { $0 = task }
  }

  /// Waits until it is certain that no other process took a lock at the same time; at once if that is known.
  ///
  /// Only a body that began early, with `settlesLate`, has to ask, and that before it writes what refers to anything.
  /// - Throws: `.locked` if another one did.
  public func settled() async throws { try await settling.withLock { $0 }?.value }

  /// Whether it is ours for certain: nobody took one at the same time, and it is not known to be lost. Once it has settled this costs
  /// nothing; ask before anything is written by a body that began early.
  /// - Throws: `.locked`, `.lockLost`.
  public func checkOurs() async throws {
    try await settled()
    try checkHeld()
  }

  /// As `checkOurs`, and looks whether it is still there: whoever slept for longer than locks last has none. To be asked before what
  /// refers to data that others may have removed; costs a listing.
  public func verify() async throws {
    try await checkOurs()
    let before = id
    let there = try await repository.list(.lock)
    // A refresh may have come between.
    if !there.contains(before), !there.contains(id) { lose("somebody removed it") }
    try checkHeld()
  }

  private func lose(_ reason: String) { state.withLock { $0.loss = $0.loss ?? reason } }

  /// Ends the look at others, which nobody waits for any more.
  func endSettling() async {
    cancelSettling()
    _ = await settling.withLock { $0 }?.result
  }

  func cancelSettling() { settling.withLock { $0 }?.cancel() }

  private var id: FileID { state.withLock { $0.id } }

  /// Whether it is still ours. Costs nothing; ask before everything that is written or removed.
  /// - Throws: `.lockLost`: others may remove what we rely on, so nothing may be written any more.
  public func checkHeld() throws(RepositoryError) {
    let loss = state.withLock { state in
      let age = ContinuousClock.now - state.refreshed
      return state.loss
        ?? (age > times.lost ? "it could not be refreshed for \(age.components.seconds / 60) minutes" : nil)
    }
    guard let loss else { return }
    throw RepositoryError(
      .lockLost,
      "the lock of the repository at \(repository.store.location) is lost: \(loss); nothing more is written, run the command again"
    )
  }

  /// Refreshes it until the task is cancelled.
  func keep() async {
    var wait = times.refresh
    while !Task.isCancelled {
      do {
        try await Task.sleep(for: wait)
      } catch {
        return
      }
      // Not cancelled half-way: that would leave one of the two files behind.
      let outcome = await Task { try await self.refresh() }.result
      switch outcome {
      case .success: wait = times.refresh
      case .failure(let error as RepositoryError) where error.kind == .lockLost: return  // `checkHeld` tells
      case .failure: wait = times.retry  // the store may answer again before the lock is too old
      }
    }
  }

  /// Writes it anew. As long as the old file is there, nobody has taken us for dead.
  package func refresh() async throws {
    let old = id
    try await checkPresence(of: old)
    let (new, file) = repository.newLock(exclusive: isExclusive)
    // Before: it may arrive although we hear nothing of it.
    _ = state.withLock { $0.leftovers.insert(new) }
    try await repository.put(ObjectName(.lock, new.hex), file)
    try await checkPresence(of: old)
    state.withLock { state in
      state.id = new
      state.refreshed = .now
      state.leftovers.remove(new)
      state.leftovers.insert(old)
    }
    try await removeLeftovers()
  }

  private func removeLeftovers() async throws(RepositoryError) {
    for id in state.withLock({ $0.leftovers }) {
      try await repository.remove(.lock, id)
      _ = state.withLock { $0.leftovers.remove(id) }
      HeldLocks.remove(id)
    }
  }

  private func checkPresence(of id: FileID) async throws {
    guard try await !repository.list(.lock).contains(id) else { return }
    lose("somebody removed it")
    try checkHeld()
  }

  /// Gives it back.
  func release() async throws(RepositoryError) {
    try await repository.remove(.lock, id)
    try await removeLeftovers()
  }
}
