internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
public import ResticRepository

/// What a repair of the index did.
public struct RepairIndexResult: Sendable, Equatable {
  /// Packs that are in the index now.
  public var packs = 0
  /// Packs whose own lists of blobs were read.
  public var packsRead = 0
  /// Packs that were in the index and are not in the store.
  public var packsMissing = 0
  /// Index files that were replaced; 0 if there was nothing to repair.
  public var indexFilesReplaced = 0
  /// What could not be repaired, a sentence each.
  public var problems: [String] = []
}

extension Repository {
  /// Makes a new index of the packs that are there, from their own lists where the old index is damaged or wrong.
  ///
  /// Hold an exclusive lock. New index files are written before old ones go. Of a pack whose own list is damaged, those
  /// blobs stay in the index that the old one lists and that are whole: nothing else tells where they are.
  /// - Parameters:
  ///   - readsAll: reads every pack's own list, and believes in the old index only what it has to.
  ///   - mayWrite: asked before everything that is written or removed; throws when the lock was lost.
  ///   - progress: told how far it is; called from many threads.
  public func repairIndex(
    readsAll: Bool = false, mayWrite: @escaping @Sendable () throws(RepositoryError) -> Void = {},
    progress: @escaping @Sendable (MaintenanceProgress) -> Void = { _ in }
  ) async throws -> RepairIndexResult {
    let old = try await list(.index)
    let damage = ProblemCollector()
    let (valid, superseded) = try await packList(damage, progress)
    let listed = superseded.isEmpty ? valid : try await wholePackList(of: old, progress)
    let stored = try await storedPacks()
    var result = RepairIndexResult()
    result.packsMissing = valid.packs.count { stored[$0.id] == nil }

    var index = IndexChunks()
    func add(_ id: PackID, _ blobs: [PackedBlob]) async throws {
      result.packs += 1
      guard let full = index.add(id, blobs) else { return }
      try mayWrite()
      try await saveSealed(.index, full)
    }
    var unknown: [(id: PackID, size: Int)] = []
    var good: [PackList.Pack] = []
    for (id, size) in stored.sorted(by: { $0.key < $1.key }) {
      if !readsAll, let pack = listed.pack(id), pack.size == size, listed.contradicted[id] == nil {
        good.append(pack)
      } else {
        unknown.append((id, size))
      }
    }
    guard damage.count > 0 || !unknown.isEmpty || result.packsMissing > 0 || !listed.repeated.isEmpty else {
      result.packs = good.count
      return result
    }
    for pack in good { try await add(pack.id, Array(listed.blobs[pack.blobs])) }
    try await readHeaders(unknown, progress) { id, blobs in
      switch blobs {
      // Left by an older release: with it in an index, restic would refuse the whole repository of version 1.
      case .success(let blobs)
      where !config.allowsCompression && listed.pack(id) == nil && blobs.contains(where: \.isCompressed):
        result.problems.append(
          "the pack \(id.hex) is left out of the index: it is compressed, and a repository of version 1 must not have that"
        )
      case .success(let blobs):
        result.packsRead += 1
        try await add(id, blobs)
      case .failure(let error):
        let whole = try await wholeBlobs(of: id, size: stored[id] ?? 0, listed)
        guard !whole.isEmpty else {
          result.problems.append("the pack \(id.hex) is left out of the index: \(error.message)")
          return
        }
        let count = candidates(id, listed).count
        result.problems.append(
          "of the pack \(id.hex) the index keeps \(whole.count) of \(count) blobs, as they are whole: \(error.message)")
        try await add(id, whole)
      }
    }
    if let last = index.rest() {
      try mayWrite()
      try await saveSealed(.index, last)
    }
    try await remove(.index, old, mayWrite, progress)
    result.indexFilesReplaced = old.count
    return result
  }

  private func readHeaders(
    _ packs: [(id: PackID, size: Int)], _ progress: @escaping @Sendable (MaintenanceProgress) -> Void,
    _ body: (PackID, Result<[PackedBlob], RepositoryError>) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: (PackID, Result<[PackedBlob], RepositoryError>).self) { group in
      var waiting = packs.makeIterator()
      func start() {
        guard let pack = waiting.next() else { return }
        group.addTask(executorPreference: BlockingPool.shared) {
          do throws(RepositoryError) {
            return (pack.id, .success(try await self.packHeader(pack.id, size: pack.size)))
          } catch {
            return (pack.id, .failure(error))
          }
        }
      }
      for _ in 0..<max(4, store.concurrency) { start() }
      var done = 0
      while let (id, result) = try await group.next() {
        start()
        done += 1
        progress(MaintenanceProgress(.packs, done: done, of: packs.count))
        if case .failure(let error) = result, error.kind != .corrupt { throw error }
        try await body(id, result)
      }
    }
  }

  /// The blobs that the old index lists in a pack and that are whole there. As each is opened, it doesn't matter if index
  /// files contradict each other: whatever one of them says is tried.
  private func wholeBlobs(
    of id: PackID, size: Int, _ listed: PackList
  ) async throws(RepositoryError) -> [PackedBlob] {
    let opener = BlobOpener(key: key)
    var whole: [PackedBlob] = []
    for blob in candidates(id, listed) where Int(blob.offset) + Int(blob.length) <= size {
      if try await isWhole(blob, in: id, opener) { whole.append(blob) }
    }
    return whole
  }

  /// All blobs that any index file lists in a pack, by their offsets.
  private func candidates(_ id: PackID, _ listed: PackList) -> [PackedBlob] {
    guard let pack = listed.pack(id) else { return [] }
    var seen: Set<PackedBlob> = []
    return (listed.blobs[pack.blobs] + (listed.contradicted[id] ?? [])).filter { seen.insert($0).inserted }
      .sorted { $0.offset < $1.offset }
  }

  /// A pack's own list of its blobs, from its end (restic-format section 5).
  /// - Throws: `.corrupt` if it has none that makes sense.
  func packHeader(_ id: PackID, size: Int) async throws(RepositoryError) -> [PackedBlob] {
    func corrupt(_ why: String) -> RepositoryError { RepositoryError(.corrupt, why) }
    let name = ObjectName(.pack, id.hex)
    do {
      // Most lists fit into this; a second request gets the rest.
      var tail = try await store.get(name, range: max(0, size - (16 << 10))..<size)
      guard tail.count >= 4 + AuthenticatedCipher.overhead else { throw corrupt("it is too short to be a pack") }
      let length = tail.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length >= AuthenticatedCipher.overhead, length <= min(size - 4, 64 << 20) else {
        throw corrupt("its list of blobs has an impossible length, so its end is damaged or missing")
      }
      if length + 4 > tail.count { tail = try await store.get(name, range: size - length - 4..<size) }
      guard let header = AuthenticatedCipher(key).open(Array(tail.suffix(length + 4).dropLast(4))) else {
        throw corrupt("its list of blobs is damaged")
      }
      let blobs = try PackHeader.decode(header)
      guard blobs.reduce(0, { $0 + Int($1.length) }) + length + 4 == size else {
        throw corrupt("its list of blobs does not fit its length of \(size) bytes")
      }
      return blobs
    } catch let error as RepositoryError {
      throw error
    } catch let error as StoreError {
      let isGone = [.notFound, .truncated, .corrupt].contains(error.kind)
      throw isGone ? corrupt("it can't be read (\(error))") : RepositoryError(error)
    } catch {
      throw corrupt("\(error)")
    }
  }
}
