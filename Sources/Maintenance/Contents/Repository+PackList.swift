internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

extension Repository {
  /// Reads all index files. One that can't be read is a problem; the list has what the others say.
  ///
  /// - Returns: the list, and the index files that are there but not in it, as others say that they replace them.
  func packList(
    _ problems: ProblemCollector, _ progress: @Sendable (MaintenanceProgress) -> Void
  ) async throws -> (list: PackList, superseded: Set<FileID>) {
    let ids = try await list(.index).sorted()
    let found = ProblemCollector()
    let (everything, named) = try await packList(of: ids, found, progress)
    let superseded = named.intersection(ids)
    guard !superseded.isEmpty else {
      problems.add(all: found)
      return (everything, [])
    }
    // Only old versions of restic wrote files that replace others. What they say can't be taken out of the list again.
    let left = ids.filter { !superseded.contains($0) }
    return (try await packList(of: left, problems, progress).list, superseded)
  }

  /// What all of these index files say, those that others replace among them: for a search for what can be saved.
  func wholePackList(
    of files: [FileID], _ progress: @Sendable (MaintenanceProgress) -> Void
  ) async throws -> PackList {
    try await packList(of: files.sorted(), ProblemCollector(), progress).list
  }

  private func packList(
    of ids: [FileID], _ problems: ProblemCollector, _ progress: @Sendable (MaintenanceProgress) -> Void
  ) async throws -> (list: PackList, superseded: Set<FileID>) {
    var list = PackList()
    var superseded: Set<FileID> = []
    try await withThrowingTaskGroup(of: (FileID, Result<IndexFile, RepositoryError>).self) { group in
      var waiting = ids.makeIterator()
      func start() {
        guard let id = waiting.next() else { return }
        group.addTask(executorPreference: BlockingPool.shared) { (id, await self.indexFileResult(id)) }
      }
      for _ in 0..<min(max(4, store.concurrency), 16) { start() }
      var done = 0
      while let (id, result) = try await group.next() {
        start()
        done += 1
        progress(MaintenanceProgress(.index, done: done, of: ids.count))
        switch result {
        case .success(let file):
          superseded.formUnion(file.supersedes)
          list.add(id, file)
        case .failure(let error) where error.kind == .corrupt || error.kind == .unsupported: problems.add(error.message)
        case .failure(let error): throw error
        }
      }
    }
    return (list, superseded)
  }

  private func indexFileResult(_ id: FileID) async -> Result<IndexFile, RepositoryError> {
    do {
      return .success(try await indexFile(id))
    } catch {
      return .failure(error)
    }
  }

  /// The packs that the store has, with their lengths in bytes.
  func storedPacks() async throws -> [PackID: Int] {
    do {
      let packs = try await store.list(.pack).compactMap { pack in PackID(pack.name).map { ($0, pack.size) } }
      return Dictionary(packs, uniquingKeysWith: { first, _ in first })
    } catch {
      throw RepositoryError(error)
    }
  }
}
