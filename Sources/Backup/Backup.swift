internal import BlobIndex
internal import Chunking
internal import Concurrency
internal import Cryptography
internal import FileSystem
internal import Glibc
internal import ObjectStores
internal import ResticFormat
public import ResticRepository
internal import Synchronization

/// Backs up to a repository, and leaves one snapshot.
///
/// What an interrupted attempt, or parts that were exported before, have stored of the same source is not read again.
/// - Parameters:
///   - lock: a lock on the repository, from `withLock(exclusive: false)`; once it is lost nothing more is written. Nil only for
///     a dry run.
///   - cache: where the repository's index is kept.
///   - progress: is kept up to date.
///   - notice: told what went another way than usual but harms nothing.
/// - Throws: `RepositoryError`; `BackupProblem` if there is nothing to back up at all; `IncompleteBackup`. What a single file has wrong
///   is in the result.
public func backUp(
  _ request: BackupRequest, to repository: Repository, lock: RepositoryLock?, cache: IndexCachePlace = .standard,
  progress: BackupProgress = BackupProgress(), notice: @Sendable @escaping (String) -> Void = { _ in }
) async throws -> BackupResult {
  defer { progress.finish() }
  guard lock != nil || request.isDryRun else {
    throw RepositoryError(.badRequest, "a backup needs a lock on the repository, unless it is a dry run")
  }
  let run = try await BackupRun(
    request, request.isDryRun ? repository.unwritten : repository, lock, cache, progress, notice)
  guard request.keepsJournal, !request.isDryRun else { return try await run.backUp(nil) }
  return try await run.withJournal(run.backUp)
}

/// Stores a part of a backup's data, and leaves a journal of it: `backUp`, once all parts are done, joins them.
///
/// Parts may run at the same time in any number of processes. The source must be the same for all: a snapshot, or a clone.
/// - Throws: as `backUp`; `RepositoryError.badRequest` where no journals can be kept, or of a device whose state has no name.
/// - Returns: what could not be read; the last step will try that again.
public func exportPart(
  _ part: BackupPart, of request: BackupRequest, to repository: Repository, lock: RepositoryLock,
  cache: IndexCachePlace = .standard, progress: BackupProgress = BackupProgress(),
  notice: @Sendable @escaping (String) -> Void = { _ in }
) async throws -> [BackupProblem] {
  defer { progress.finish() }
  guard repository.store.keepsJournals else {
    throw RepositoryError(
      .badRequest, "\(repository.store.location) can't keep journals, which parts need: back up in one piece")
  }
  if case .stream = request.source {
    throw RepositoryError(.badRequest, "a stream can't be exported in parts: it can be read only once")
  }
  let run = try await BackupRun(request, repository, lock, cache, progress, notice)
  return try await run.withJournal(isKept: true) { journal in
    try await run.store(part: part, journal).reported.first
  }
}

/// One backup, from where all is known that it needs.
private struct BackupRun {
  let request: BackupRequest
  let plan: BackupPlan
  let repository: Repository
  let lock: RepositoryLock?
  let start: Snapshot.Moment
  let parent: StoredSnapshot?
  let index: BlobIndex
  let progress: BackupProgress
  let notice: @Sendable (String) -> Void
  let workers: Int
  let pool: BlockingPool

  init(
    _ request: BackupRequest, _ repository: Repository, _ lock: RepositoryLock?, _ cache: IndexCachePlace,
    _ progress: BackupProgress, _ notice: @Sendable @escaping (String) -> Void
  ) async throws {
    start = .now
    // Each worker has large files open, and folders on the way to them.
    raiseOpenFileLimit()
    self.request = request
    self.repository = repository
    self.lock = lock
    self.progress = progress
    self.notice = notice
    plan = try await BlockingPool.shared.run { try BackupPlan(request) }
    parent = try await plan.parent(in: repository)
    if let summary = parent?.snapshot.summary {
      progress.expectedFiles.store(summary.totalFilesProcessed, ordering: .relaxed)
      progress.expectedBytes.store(summary.totalBytesProcessed, ordering: .relaxed)
    }
    guard request.blockSize.map(BackupRequest.allows) ?? true else {
      throw RepositoryError(.badRequest, "the blocks of an image must have a power of two from 4 KiB to 8 MiB bytes")
    }
    // After the snapshots: an older index may not know what a newer snapshot refers to.
    index = try await repository.loadIndex(cache: cache, notice: notice)
    if !repository.config.allowsCompression, request.writing.compression != .off {
      notice(
        "the repository is of version 1, which knows no compression: data are stored as they are; "
          + "'restic migrate upgrade_repo_v2' makes it one of version 2")
    }
    workers = request.workers ?? max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) + BackupRequest.waitingWorkers
    // A thread for each worker, one for each upload, and one for a reader of a stream.
    let writing = repository.fitted(request.writing)
    if !request.isDryRun, let difference = writing.difference(from: request.writing) { notice(difference) }
    pool = BlockingPool(size: workers + repository.uploads(writing) + 1) {
      ThreadPriority.set(nice: request.nice, inputOutput: request.diskPriority)
    }
  }

  private var mayWriteJournal: @Sendable () throws(RepositoryError) -> Void {
    { [lock] () throws(RepositoryError) in try lock?.checkHeld() }
  }

  /// Runs `body` with a journal of what it stores.
  func withJournal<Result: Sendable>(
    isKept: Bool = false, _ body: (JournalWriter?) async throws -> Result
  ) async throws -> Result {
    try await repository.withJournal(
      backupKey: plan.journalKey, isKept: isKept, pool: pool, mayWrite: mayWriteJournal, notice: notice, body)
  }

  /// Stores all data, or a part of them; they are durable and in an index then.
  func store(part: BackupPart?, _ journal: JournalWriter?) async throws -> Session {
    try await repository.withBlobWriter(
      index: index, settings: request.writing, pool: pool, mayWrite: { [lock] in try await lock?.checkOurs() },
      verify: { [lock] in try await lock?.verify() }, onStored: { journal?.packStored($0, $1) }
    ) { writer in
      let previous = try await repository.journal(of: plan.journalKey, index: index, pool: pool, notice: notice)
      try await writer.adopt(previous.packs)
      progress.setTotals {
        let totals = writer.totals
        return (totals.plaintextBytes, totals.packedBytes, totals.uploadedBytes)
      }
      let zeros = [UInt8](repeating: 0, count: zeroChunkLength)
      let session = Session(
        request: request, part: part, writer: writer, parent: parent, journal: journal, previous: previous,
        progress: progress, zeroID: SHA256Digest(of: zeros))
      try await plan.run(session, parent: parent, workers: workers, pool: pool)
      return session
    }
  }

  /// Stores everything, then the snapshot.
  func backUp(_ journal: JournalWriter?) async throws -> BackupResult {
    let session = try await store(part: nil, journal)
    guard let tree = session.root.withLock({ $0 }) else {
      throw BackupProblem(path: [], message: "the backup came to no end: no tree was stored")
    }
    let problems = session.reported
    if request.refusesLoss, problems.isIncomplete {
      throw IncompleteBackup(problems: problems.first, problemCount: problems.count)
    }
    let state = progress.state
    try await lock?.verify()
    let stored = try await repository.save(snapshot(tree, Snapshot.Summary(state, session.writer.totals, start: start)))
    return BackupResult(
      snapshot: stored, problems: problems.first, problemCount: problems.count, isIncomplete: problems.isIncomplete,
      progress: state)
  }

  private func snapshot(_ tree: BlobID, _ summary: Snapshot.Summary) -> Snapshot {
    let identity = Identity.current
    var snapshot = Snapshot(time: request.time ?? start, tree: tree, paths: plan.paths)
    snapshot.parent = parent?.id
    snapshot.hostname = plan.host
    snapshot.username = identity.username
    snapshot.uid = identity.uid
    snapshot.gid = identity.gid
    snapshot.tags = request.tags
    snapshot.excludes = request.excludeTexts
    snapshot.programVersion = "holdfast"
    snapshot.summary = summary
    return snapshot
  }
}

extension Snapshot.Summary {
  init(_ state: BackupProgress.State, _ totals: BlobWriter.Totals, start: Snapshot.Moment) {
    self.init()
    backupStart = start
    backupEnd = .now
    filesNew = state.filesNew
    filesChanged = state.filesChanged
    filesUnmodified = state.filesUnmodified
    dirsNew = state.foldersNew
    dirsChanged = state.foldersChanged
    dirsUnmodified = state.foldersUnmodified
    dataBlobs = totals.dataBlobs
    treeBlobs = totals.treeBlobs
    dataAdded = totals.plaintextBytes
    dataAddedPacked = totals.packedBytes
    totalFilesProcessed = state.files
    totalBytesProcessed = state.bytes
  }
}
