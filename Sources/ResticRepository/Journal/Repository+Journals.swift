public import Concurrency
internal import ObjectStores

extension Repository {
  /// Keeps a journal of a backup while `body` runs.
  ///
  /// If `body` fails, the journal stays for the next attempt. If it succeeds, this backup's journals are removed, also
  /// those of earlier attempts. Stores that keep no journals get none.
  /// - Parameters:
  ///   - isKept: whether the journals stay after a success, too: another step needs them.
  ///   - backupKey: what attempts at the same backup have in common, such as host, paths and settings of the cutting.
  ///   - mayWrite: asked before everything that is written; throws when the repository's lock was lost.
  ///   - notice: told when the journal can't be written or removed: the backup goes on.
  public func withJournal<Result: Sendable>(
    backupKey: [UInt8], isKept: Bool = false, pool: BlockingPool = .shared,
    mayWrite: @escaping @Sendable () throws(RepositoryError) -> Void = {},
    notice: @escaping @Sendable (String) -> Void = { _ in }, _ body: (JournalWriter?) async throws -> Result
  ) async throws -> Result {
    guard store.keepsJournals else { return try await body(nil) }
    let writer = JournalWriter(self, backupKey: backupKey, mayWrite: mayWrite)
    do {
      let result = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask(executorPreference: pool) { await writer.keepFlushing(notice: notice) }
        defer { group.cancelAll() }
        return try await body(writer)
      }
      guard !isKept else {
        try await writer.flush()
        return result
      }
      do {
        try await removeJournals(of: backupKey)
      } catch {
        notice("the journal of the finished backup can't be removed: \(error)")
      }
      return result
    } catch {
      // Shielded from the cancellation that may have brought us here.
      let task = Task {
        do { try await writer.flush() } catch {
          notice("the journal of the unfinished backup can't be written: \(error)")
        }
      }
      await task.value
      throw error
    }
  }

  /// Removes the journals of all attempts at a backup.
  public func removeJournals(of backupKey: [UInt8]) async throws(RepositoryError) {
    let name = JournalName(self, backupKey: backupKey)
    for object in try await journalNames() where name.isOfBackup(object) {
      try await mapped { () async throws(StoreError) in try await store.remove(ObjectName(.journal, object)) }
    }
  }

  /// Removes the journals of all backups: nobody may be at work.
  package func removeAllJournals() async throws(RepositoryError) -> Int {
    let names = try await journalNames()
    for object in names {
      try await mapped { () async throws(StoreError) in try await store.remove(ObjectName(.journal, object)) }
    }
    return names.count
  }

  /// How many backups have journals here: they were interrupted, or wait for their parts to be joined.
  package func unfinishedBackups() async throws(RepositoryError) -> Int {
    Set(try await journalNames().map(JournalName.backup(of:))).count
  }

  func journalNames() async throws(RepositoryError) -> [String] {
    guard store.keepsJournals else { return [] }
    return try await mapped { () async throws(StoreError) in try await store.list(.journal).map(\.name) }
  }
}
