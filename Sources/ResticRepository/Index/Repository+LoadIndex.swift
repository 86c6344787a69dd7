public import BlobIndex
public import Concurrency
internal import Cryptography
internal import ObjectStores
package import ResticFormat

extension Repository {
  /// Which blobs the repository has, and where.
  ///
  /// With a cache, only index files are read that are new since it was made, and that this repository's object has not
  /// read before. List snapshots before.
  /// - Parameters:
  ///   - cache: where it is kept.
  ///   - notice: told when the cache could not be used or written; the index is complete all the same.
  /// - Throws: `.corrupt` if an index file is damaged.
  public func loadIndex(
    cache: IndexCachePlace = .standard, pool: BlockingPool = .shared,
    notice: @Sendable @escaping (String) -> Void = { _ in }
  ) async throws -> BlobIndex {
    let folder = cache.folder(for: id).map(CacheFolder.init)
    return try await withTaskExecutorPreference(pool) {
      try await IndexLoader(repository: self, folder: folder, pool: pool, notice: notice).load()
    }
  }

  /// Reads index files, several at once, and gives each to `body` as it comes.
  package func readIndexFiles(
    _ ids: some Sequence<FileID> & Sendable, pool: BlockingPool = .shared,
    _ body: (FileID, IndexFile) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: (FileID, IndexFile).self) { group in
      var waiting = ids.makeIterator()
      func start() {
        guard let id = waiting.next() else { return }
        group.addTask(executorPreference: pool) { (id, try await self.indexFile(id)) }
      }
      for _ in 0..<max(1, min(store.concurrency, pool.size)) { start() }
      while let (id, file) = try await group.next() {
        start()
        try await body(id, file)
      }
    }
  }

  /// One index file.
  package func indexFile(_ id: FileID) async throws(RepositoryError) -> IndexFile {
    do {
      let json = try await loadSealed(.index, id)
      return try decoding { () throws(FormatError) in try IndexFile.decode(json) }
    } catch {
      guard error.kind == .corrupt else { throw error }
      throw RepositoryError(
        .corrupt,
        "the index file \(id.hex) is damaged (\(error)); 'holdfast repo repair index' makes a new index of the packs")
    }
  }
}

/// Decides what of the index comes from the cache, and what from index files. Runs on threads that may block.
private struct IndexLoader {
  /// So many new blobs, or new index files, don't make a new cache worthwhile yet.
  static let fewBlobs = 20_000
  static let fewFiles = 16
  /// So many files beside a cache that is open already: they were read before, most of them.
  static let fewKnownFiles = 1000
  /// Bytes of a sealed index file for a blob: mostly its hash.
  static let bytesPerBlob = 60

  let repository: Repository
  let folder: CacheFolder?
  let pool: BlockingPool
  let notice: @Sendable (String) -> Void

  func load() async throws -> BlobIndex {
    let listing = try await mapped { () async throws(StoreError) in try await repository.store.list(.index) }
    let sizes = Dictionary(
      listing.compactMap { file in FileID(file.name).map { ($0, file.size) } }, uniquingKeysWith: { first, _ in first })
    guard let folder else { return try await loadEverything(Set(sizes.keys)) }
    let known = repository.knownIndex.contents(at: folder.file)
    if let known, let index = try await extended(known, to: sizes, files: Self.fewKnownFiles) { return index }
    let key = repository.secret(for: "index cache")
    let cached = await openCache(folder, key)
    if let cached {
      let opened = KnownIndex.Contents(path: folder.file, cache: cached, files: known?.files ?? [:])
      if let index = try await extended(opened, to: sizes, files: Self.fewFiles) { return index }
    }
    do {
      let cache = try await rebuilt(folder, key, cached, sizes)
      repository.knownIndex.replace(KnownIndex.Contents(path: folder.file, cache: cache))
      return BlobIndex(base: cache)
    } catch let error as IndexCacheError {
      notice("\(error); the whole index is read into memory instead")
    }
    return try await loadEverything(Set(sizes.keys))
  }

  private func openCache(_ folder: CacheFolder, _ key: [UInt8]) async -> IndexCache? {
    do {
      return try await IndexCache.open(folder.file, key: key, pool: pool)
    } catch {
      notice("\(error); it is made anew")
      return nil
    }
  }

  /// The cache and the index files beside it in memory; nil if these are many, if one of them replaces others, or if the
  /// cache has files that are gone.
  /// - Parameter limit: of files beside the cache.
  private func extended(
    _ known: KnownIndex.Contents, to sizes: [FileID: Int], files limit: Int
  ) async throws -> BlobIndex? {
    let covered = Set(known.cache.files)
    guard covered.isSubset(of: sizes.keys) else { return nil }
    let beside = sizes.filter { !covered.contains($0.key) }
    let blobs = beside.values.reduce(0) { $0 + $1 / Self.bytesPerBlob }
    guard beside.count <= limit, blobs <= max(known.cache.count / 16, Self.fewBlobs) else { return nil }
    var known = known
    known.files = known.files.filter { beside[$0.key] != nil }
    try await repository.readIndexFiles(beside.keys.filter { known.files[$0] == nil }, pool: pool) { id, file in
      known.files[id] = file
    }
    guard known.files.values.allSatisfy(\.supersedes.isEmpty) else { return nil }
    repository.knownIndex.replace(known)
    let index = BlobIndex(base: known.cache)
    for file in known.files.values { index.add(file) }
    return index
  }

  /// A new cache of what the old one holds, as far as that is still there, and of new index files.
  private func rebuilt(
    _ folder: CacheFolder, _ key: [UInt8], _ base: IndexCache?, _ sizes: [FileID: Int]
  ) async throws -> IndexCache {
    try folder.make()
    folder.sweep()
    var builder = try IndexCacheBuilder(path: folder.file, key: key, base: base, keeping: Set(sizes.keys))
    let covered = Set(base?.files ?? [])
    try await repository.readIndexFiles(sizes.keys.filter { !covered.contains($0) }, pool: pool) { id, file in
      try builder.add(file: id, supersedes: file.supersedes, packs: file.packs)
    }
    try builder.finish()
    guard let cache = try await IndexCache.open(folder.file, key: key, pool: pool) else {
      throw IndexCacheError("the index cache \(folder.file) is gone as soon as it was written")
    }
    // Another process may have put its own in the same place, of a listing before packs were removed.
    guard Set(cache.files) == Set(sizes.keys) else {
      throw IndexCacheError("the index cache \(folder.file) was replaced as soon as it was written")
    }
    return cache
  }

  /// All index files in memory, without those that others of them replace.
  private func loadEverything(_ ids: Set<FileID>) async throws -> BlobIndex {
    let index = BlobIndex()
    var superseded: Set<FileID> = []
    try await repository.readIndexFiles(ids, pool: pool) { _, file in
      superseded.formUnion(file.supersedes)
      index.add(file)
    }
    let left = ids.subtracting(superseded)
    // Nothing can be taken out of an index again; only old versions of restic wrote such files.
    return left.count == ids.count ? index : try await loadEverything(left)
  }
}

extension BlobIndex {
  /// Adds what an index file lists.
  fileprivate func add(_ file: IndexFile) {
    for pack in file.packs { add(pack: pack.id, size: packFileSize(pack.blobs), blobs: pack.blobs) }
  }
}
