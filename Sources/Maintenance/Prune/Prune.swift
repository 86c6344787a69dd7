internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
public import ResticRepository

extension Repository {
  /// Removes what no snapshot relies on.
  ///
  /// Hold an exclusive lock. However it is interrupted, the repository stays whole: index files that others replace go
  /// first; then new packs are stored, and their index; then old index files go, and at last old packs.
  /// - Parameters:
  ///   - mayWrite: asked before everything that is written or removed; throws when the lock was lost.
  ///   - verify: asked before each kind of thing is removed, and before an index file lists new packs; looks whether
  ///     the lock is still there, which costs a request.
  ///   - progress: told how far it is; called from many threads.
  /// - Throws: `.corrupt` if something that snapshots rely on is damaged or missing, `.notFound` if a snapshot is gone while it
  ///   looks, or if there is none though there are data and the request does not allow it: nothing is removed then.
  public func prune(
    _ request: PruneRequest = PruneRequest(),
    mayWrite: @escaping @Sendable () throws(RepositoryError) -> Void = {},
    verify: @escaping @Sendable () async throws -> Void = {},
    progress: @escaping @Sendable (MaintenanceProgress) -> Void = { _ in }
  ) async throws -> PruneResult {
    let problems = ProblemCollector()
    let roots = try await allSnapshots().map(\.snapshot.tree)
    let (list, superseded) = try await packList(problems, progress)
    try throwFirst(of: problems, advice: "run 'holdfast repo repair index' first")
    guard !roots.isEmpty || list.packs.isEmpty || request.allowsNoSnapshots else {
      throw RepositoryError(
        .notFound,
        "\(store.location) shows no snapshot but \(list.packs.count) packs of data, all of which would be removed; none of them was: find out where the snapshots are, or if none are wanted any more, run 'holdfast repo prune --allow-empty'"
      )
    }
    guard list.contradicted.isEmpty else {
      throw RepositoryError(.corrupt, "index files contradict each other; run 'holdfast repo repair index' first")
    }
    let used = try await UsedBlobs(repository: self, list: list, problems: problems, progress: progress)
      // Which copy of a damaged tree stays is looked at below.
      .find(from: roots, anyPlace: true)
    try throwFirst(of: problems, advice: "no data were removed, run 'holdfast repo check'")
    let stored = try await storedPacks()
    func planned(avoiding damaged: Set<Int>) throws(RepositoryError) -> PrunePlan {
      try PrunePlan(
        list: list, used: used, damaged: damaged, stored: stored, request: request,
        isCompressing: config.allowsCompression)
    }
    var plan = try planned(avoiding: [])
    if !request.isDryRun {
      var copies = CopyVerifier(repository: self, list: list)
      while try await copies.findDamage(in: plan.lastCopies(list)) { plan = try planned(avoiding: copies.damaged) }
    }
    var result = plan.result
    result.unfinishedBackups = try await unfinishedBackups()
    guard !request.isDryRun else { return result }

    // Nobody is at work, so what unfinished backups noted goes with the packs that only they know, and what they left half-written.
    try await verify()
    _ = try await removeAllJournals()
    do { _ = try await store.sweep() } catch { throw RepositoryError(error) }
    // Today's restic counts on what they list, and so would we, once the index files that replace them are replaced.
    try await remove(.index, Array(superseded), mayWrite, progress)
    try await checkAbsence(Array(superseded))
    try await remove(.pack, Array(plan.orphans.keys), mayWrite, progress)
    let copier = PackCopier(
      repository: self, list: list, isKept: plan.isKept, mayWrite: mayWrite, verify: verify, progress: progress)
    try await copier.copy(plan.repacked)
    let gone = plan.repacked + plan.removed + plan.vanished
    try await verify()
    result.indexFilesReplaced = superseded.count
    result.indexFilesReplaced += try await rewriteIndex(list, without: Set(gone), mayWrite, progress)
    try await verify()
    try await remove(.pack, (plan.repacked + plan.removed).map { list.packs[$0].id }, mayWrite, progress)
    return result
  }

  /// All snapshots. One that is listed and then not to be had is none that somebody removed: our lock is exclusive.
  private func allSnapshots() async throws -> [StoredSnapshot] {
    let listed = try await list(.snapshot)
    let found = try await snapshots()
    if let lost = Set(listed).subtracting(found.map(\.id)).min() {
      throw RepositoryError(
        .notFound,
        "\(store.location) lists the snapshot \(lost.shortHex) and then says that it isn't there; no data were removed: look whether the store works, and prune again"
      )
    }
    return found
  }

  private func throwFirst(of problems: ProblemCollector, advice: String) throws(RepositoryError) {
    guard let first = problems.messages.first else { return }
    let more = problems.count > 1 ? " (and \(problems.count - 1) more problems)" : ""
    throw RepositoryError(.corrupt, "\(first)\(more); \(advice)")
  }

  /// Replaces the index files that list packs in `gone`, and small ones if there are many. Returns how many went.
  private func rewriteIndex(
    _ list: PackList, without gone: Set<Int>, _ mayWrite: @Sendable () throws(RepositoryError) -> Void,
    _ progress: @escaping @Sendable (MaintenanceProgress) -> Void
  ) async throws -> Int {
    var replaced: Set<Int> = []
    var blobCounts = [Int](repeating: 0, count: list.files.count)
    for (number, pack) in list.packs.enumerated() {
      if gone.contains(number) || pack.files.count > 1 { replaced.formUnion(pack.files) }
      for file in pack.files { blobCounts[file] += pack.blobs.count }
    }
    let small = blobCounts.indices.filter { blobCounts[$0] < 10_000 && !replaced.contains($0) }
    if small.count >= 10 { replaced.formUnion(small) }
    var index = IndexChunks()
    for (number, pack) in list.packs.enumerated() where !gone.contains(number) && !replaced.isDisjoint(with: pack.files)
    {
      guard let full = index.add(pack.id, Array(list.blobs[pack.blobs])) else { continue }
      try mayWrite()
      try await saveSealed(.index, full)
    }
    if let last = index.rest() {
      try mayWrite()
      try await saveSealed(.index, last)
    }
    let old = replaced.map { list.files[$0] }
    try await remove(.index, old, mayWrite, progress)
    try await checkAbsence(old)
    return replaced.count
  }

  /// An index file that outlives its packs makes later backups count on them: a store has to show that it is gone.
  private func checkAbsence(_ files: [FileID]) async throws {
    guard !files.isEmpty, let left = Set(try await list(.index)).intersection(files).min() else { return }
    throw RepositoryError(
      .store(.failed),
      "\(store.location) still lists the index file \(left.shortHex), which it said was removed; no pack that it names was removed: look whether the store works, and prune again"
    )
  }

  /// Removes files, several at once.
  func remove(
    _ kind: ObjectKind, _ ids: [FileID], _ mayWrite: @Sendable () throws(RepositoryError) -> Void,
    _ progress: @escaping @Sendable (MaintenanceProgress) -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var waiting = ids.makeIterator()
      func start() throws {
        guard let id = waiting.next() else { return }
        try mayWrite()
        group.addTask { try await self.remove(kind, id) }
      }
      for _ in 0..<max(1, store.concurrency) { try start() }
      var done = 0
      while try await group.next() != nil {
        done += 1
        progress(MaintenanceProgress(.removing, done: done, of: ids.count))
        try start()
      }
    }
  }
}

/// Puts packs together to index files of restic's size.
struct IndexChunks {
  private static let blobLimit = 50_000

  private var packs: [(id: PackID, blobs: [PackedBlob])] = []
  private var blobs = 0

  /// Adds a pack, and returns the JSON of an index file once one is full.
  mutating func add(_ id: PackID, _ listed: [PackedBlob]) -> [UInt8]? {
    packs.append((id, listed))
    blobs += listed.count
    return blobs >= Self.blobLimit ? rest() : nil
  }

  /// The JSON of what is left; nil if that is nothing.
  mutating func rest() -> [UInt8]? {
    guard !packs.isEmpty else { return nil }
    defer {
      packs = []
      blobs = 0
    }
    return IndexFile.encode(packs)
  }
}
