internal import Cryptography
internal import ObjectStores
internal import ResticFormat
public import ResticRepository

extension Repository {
  /// Looks for what is damaged or missing: index files, packs, trees, and the blobs that snapshots rely on.
  ///
  /// Hold a lock: an exclusive one, as restic does, or a shared one if nothing but backups may run meanwhile.
  /// - Parameters:
  ///   - progress: told how far it is; called from many threads.
  /// - Throws: only when the store fails; what is wrong is in the result.
  public func check(
    _ request: CheckRequest = CheckRequest(), progress: @escaping @Sendable (MaintenanceProgress) -> Void = { _ in }
  ) async throws -> CheckResult {
    try await Checker(repository: self, request: request, progress: progress).run()
  }
}

/// One check, from the documents to the bytes of packs.
private struct Checker {
  let repository: Repository
  let request: CheckRequest
  let progress: @Sendable (MaintenanceProgress) -> Void
  private let problems = ProblemCollector()
  private let hints = ProblemCollector()

  init(
    repository: Repository, request: CheckRequest, progress: @escaping @Sendable (MaintenanceProgress) -> Void
  ) {
    self.repository = repository
    self.request = request
    self.progress = progress
  }

  func run() async throws -> CheckResult {
    var result = CheckResult()
    try await checkKeys()
    // Before the index: a backup that ends meanwhile has more than the index we know.
    let roots = try await snapshotTrees()
    result.snapshots = roots.count
    let list = try await repository.packList(problems, progress).list
    result.packs = list.packs.count
    result.blobs = list.blobCount
    let stored = try await repository.storedPacks()
    checkPacks(list, stored)
    let used = try await UsedBlobs(repository: repository, list: list, problems: problems, progress: progress)
      .find(from: roots, anyPlace: false)
    result.usedBlobs = used.count { $0 }

    let chosen = PackChoice(request.data).packs(of: list, stored)
    let verifier = PackVerifier(repository: repository, list: list, problems: problems)
    try await verifier.verify(chosen, progress)
    result.packsRead = chosen.count
    result.bytesRead = chosen.reduce(0) { $0 + $1.size }
    result.problems = problems.messages
    result.problemCount = problems.count
    result.hints = hints.messages
    return result
  }

  /// Others' passwords open nothing here, but a damaged key file shows by its name.
  private func checkKeys() async throws {
    for id in try await repository.list(.key) {
      do {
        guard SHA256Digest(of: try await repository.store.get(ObjectName(.key, id.hex))) != id else { continue }
        problems.add("the key \(id.hex) is damaged: its hash is not its name")
      } catch {
        guard error.kind == .notFound else { throw RepositoryError(error) }
      }
    }
  }

  private func snapshotTrees() async throws -> [BlobID] {
    var roots: [BlobID] = []
    for id in try await repository.list(.snapshot).sorted() {
      do {
        roots.append(try await repository.snapshot(id).snapshot.tree)
      } catch {
        switch error.kind {
        case .notFound: continue  // forgotten meanwhile
        case .corrupt, .unsupported: problems.add("snapshot \(id.hex): \(error.message)")
        default: throw error
        }
      }
    }
    return roots
  }

  /// Compares what index files say with themselves and with the packs that are there.
  private func checkPacks(_ list: PackList, _ stored: [PackID: Int]) {
    var mixed = 0
    for pack in list.packs {
      let blobs = list.blobs[pack.blobs]
      var end: UInt32 = 0
      for blob in blobs {
        if blob.offset != end {
          problems.add("the index lists pack \(pack.id.hex) with a gap or an overlap at byte \(end)")
          break
        }
        end = blob.offset + blob.length
      }
      if let first = blobs.first, blobs.contains(where: { $0.type != first.type }) { mixed += 1 }
      switch stored[pack.id] {
      case nil: problems.add("the pack \(pack.id.hex) is missing; it has \(blobs.count) blobs")
      case pack.size?: break
      case let size?:
        problems.add("the pack \(pack.id.hex) has \(size) bytes; by the index it should have \(pack.size)")
      }
    }
    for id in list.contradicted.keys.sorted() {
      problems.add("index files say different things of the pack \(id.hex); run 'holdfast repo repair index'")
    }
    if !repository.config.allowsCompression, list.blobs.contains(where: \.isCompressed) {
      problems.add(
        "the index lists compressed blobs, which restic refuses in a repository of version 1; 'holdfast repo prune' stores them anew as they should be"
      )
    }
    let orphans = stored.filter { list.pack($0.key) == nil }
    if !orphans.isEmpty {
      hints.add(
        "\(orphans.count) packs of \(orphans.values.reduce(0, +)) bytes are in no index, left by a backup that did not end; 'holdfast repo prune' removes them"
      )
    }
    if !list.repeated.isEmpty {
      hints.add("\(list.repeated.count) packs are in several index files; 'holdfast repo repair index' tidies up")
    }
    if mixed > 0 { hints.add("\(mixed) packs hold both data and trees; 'holdfast repo prune' separates them") }
    if !list.copies.isEmpty {
      hints.add("\(list.copies.count) blobs are stored more than once; 'holdfast repo prune' removes the copies")
    }
  }
}
