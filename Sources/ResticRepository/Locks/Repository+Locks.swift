public import Cryptography
internal import ObjectStores
public import ResticFormat

extension Repository {
  /// Holds a lock while `body` runs, in restic's way, and gives it back however that ends.
  ///
  /// - Parameters:
  ///   - exclusive: to remove anything. Shared locks let others read and add.
  ///   - retryFor: how long to try if another lock is in the way.
  ///   - settlesLate: lets `body` begin before it is certain that no other process took a lock at the same time; it asks
  ///     `checkOurs` before it writes. One that only reads need not ask: whoever wants to be alone sees our lock.
  ///   - notice: told when the lock could not be removed; the result of `body` stands.
  ///   - body: asks `checkHeld` before it writes or removes anything.
  /// - Throws: `.locked` if another lock is in the way; what `body` throws.
  public func withLock<Result: Sendable>(
    exclusive: Bool, retryFor: Duration = .zero, settlesLate: Bool = false, notice: (String) -> Void = { _ in },
    _ body: (RepositoryLock) async throws -> Result
  ) async throws -> Result {
    var times = LockTimes()
    // Whoever writes a lock first and lists then misses nobody who did the same.
    if await (store as? any LocalObjects)?.showsAtOnce() ?? false { times.settling = .zero }
    do {
      return try await withLock(
        exclusive: exclusive, retryFor: retryFor, settlesLate: settlesLate, times: times, notice: notice, body)
    } catch let error as RepositoryError where error.kind == .store(.cancelled) {
      throw CancellationError()
    }
  }

  func withLock<Result: Sendable>(
    exclusive: Bool, retryFor: Duration = .zero, settlesLate: Bool = false, times: LockTimes,
    notice: (String) -> Void = { _ in },
    _ body: (RepositoryLock) async throws -> Result
  ) async throws -> Result {
    let lock = try await takeLock(
      exclusive: exclusive, retryFor: retryFor, settlesLate: settlesLate && !exclusive, times: times)
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { await lock.keep() }
          defer { group.cancelAll() }
          return try await body(lock)
        })
    } catch {
      outcome = .failure(error)
    }
    await lock.endSettling()
    if let problem = await release(lock) { notice(problem) }
    return try outcome.get()
  }

  private func takeLock(
    exclusive: Bool, retryFor: Duration, settlesLate: Bool, times: LockTimes
  ) async throws -> RepositoryLock {
    let end = ContinuousClock.now + retryFor
    var wait = times.attempts.lowerBound
    while true {
      do {
        return try await takeLockOnce(exclusive: exclusive, settlesLate: settlesLate, times: times)
      } catch let error as RepositoryError where error.kind == .locked {
        guard .now + wait < end else { throw error }
      }
      try await Task.sleep(for: wait)
      wait = min(wait * 2, times.attempts.upperBound)
    }
  }

  private func takeLockOnce(exclusive: Bool, settlesLate: Bool, times: LockTimes) async throws -> RepositoryLock {
    let lock = try await RepositoryLock.take(self, exclusive: exclusive, times: times)
    lock.beginSettling()
    guard !settlesLate else { return lock }
    do {
      try await withTaskCancellationHandler {
        try await lock.settled()
      } onCancel: {
        lock.cancelSettling()
      }
    } catch {
      // The error that got us here says more than that the lock is still there.
      _ = await release(lock)
      throw error
    }
    return lock
  }

  /// Removes a lock even if the task was cancelled; returns why that didn't work.
  private func release(_ lock: RepositoryLock) async -> String? {
    await Task {
      do {
        try await lock.release()
        return nil
      } catch {
        return
          "the repository stays locked, because its lock could not be removed (\(error)); run 'holdfast repo unlock'"
      }
    }.value
  }

  // MARK: - Everybody's locks

  /// All locks that can be read, oldest first.
  public func locks() async throws -> [StoredLock] {
    var locks: [StoredLock] = []
    for id in try await lockFiles() {
      if let lock = try await readLock(id) { locks.append(StoredLock(id: id, lock: lock)) }
    }
    return locks.sorted { ($0.lock.time, $0.id) < ($1.lock.time, $1.id) }
  }

  /// Removes locks whose holders are dead, and returns them.
  /// - Parameter all: remove every lock, also of the living, and also what can't be read.
  public func unlock(all: Bool = false) async throws -> [FileID] {
    var removed: [FileID] = []
    for id in try await all ? list(.lock) : lockFiles() {
      let isStale = all ? true : try await readLock(id).map { StoredLock(id: id, lock: $0).isStale() } ?? false
      guard isStale else { continue }
      try await remove(.lock, id)
      removed.append(id)
    }
    return removed
  }

  /// Removes the locks that need nobody's judgement, and returns them: those whose process is gone for certain, old ones of this host,
  /// and old ones of `hosts` if they are `unchanged`. Not those of processes that certainly run here, however old.
  /// - Parameters:
  ///   - hosts: names of other hosts whose locks are ours to remove.
  ///   - unchanged: locks that were there, by our own clock, for longer than a living holder leaves them: clocks of hosts differ.
  public func removeAbandonedLocks(
    hosts: Set<String> = [], unchanged: Set<FileID> = []
  ) async throws -> [StoredLock] {
    let abandoned = try await locks().filter { stored in
      stored.isAbandoned()
        || unchanged.contains(stored.id) && hosts.contains(stored.lock.hostname) && stored.isStale()
          && !stored.isSurelyAlive
    }
    for stored in abandoned { try await remove(.lock, stored.id) }
    return abandoned
  }

  /// Throws `.locked` if another lock forbids ours; removes those of dead processes of this machine.
  func checkForOtherLocks(exclusive: Bool, except own: FileID?) async throws {
    for id in try await lockFiles() where id != own {
      guard let lock = try await readLock(id) else { continue }
      let stored = StoredLock(id: id, lock: lock)
      if stored.isAbandoned() {
        try await remove(.lock, id)
        continue
      }
      guard exclusive || lock.exclusive else { continue }
      let advice =
        stored.isStale() && !stored.isSurelyAlive
        ? "that process seems to be dead: run 'holdfast repo unlock'"
        : "wait until it is done, or run 'holdfast repo unlock' if it is dead"
      throw RepositoryError(
        .locked,
        "the repository at \(store.location) is locked\(lock.exclusive ? " exclusively" : "") by \(stored.holder); \(advice)"
      )
    }
  }

  /// A lock of ours as it is to be stored, and its name: a store may keep it and not tell. Counts as held from now on.
  func newLock(exclusive: Bool) -> (id: FileID, file: [UInt8]) {
    let identity = Identity.current
    var lock = LockFile(
      time: .now, exclusive: exclusive, hostname: identity.hostname, username: identity.username,
      pid: Int(identity.processID), uid: identity.uid, gid: identity.gid)
    lock.processMark = ProcessMark.current?.text ?? ""
    let sealed = seal(lock.encoded())
    HeldLocks.add(sealed.id)
    return sealed
  }

  /// restic ignores empty files, which some stores leave behind.
  private func lockFiles() async throws(RepositoryError) -> [FileID] {
    try await mapped { () async throws(StoreError) in
      try await store.list(.lock).filter { $0.size > 0 }.compactMap { FileID($0.name) }
    }
  }

  /// A lock, or nil if it is gone meanwhile.
  private func readLock(_ id: FileID) async throws -> LockFile? {
    var wait = Duration.seconds(1)
    while true {
      do {
        let json = try await loadSealed(.lock, id)
        return try decoding { () throws(FormatError) in try LockFile(decoding: json) }
      } catch {
        if error.kind == .notFound { return nil }
        // It may be being written, on a store that shows half files.
        guard error.kind == .corrupt, wait < .seconds(4) else {
          throw RepositoryError(
            error.kind == .corrupt ? .locked : error.kind,
            "the lock \(id.hex) can't be read (\(error)); if nothing works with the repository, run 'holdfast repo unlock --remove-all'"
          )
        }
      }
      try await Task.sleep(for: wait)
      wait *= 2
    }
  }
}
