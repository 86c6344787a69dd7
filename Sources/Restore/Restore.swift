public import BlobIndex
internal import Concurrency
internal import FileSystem
internal import Glibc
internal import ResticFormat
public import ResticRepository

extension Repository {
  /// Restores a tree, or a part of it, into a folder.
  ///
  /// Nothing is written outside of the target, whatever the listings or the target hold. Files get their modification time
  /// only when they are complete (and on the disk, if the restore is durable), so that another attempt with `.ifChanged`
  /// goes on where this one ended.
  /// - Parameters:
  ///   - index: of this repository, loaded after the snapshot was.
  ///   - progress: counts along.
  /// - Returns: what was done, and what could not be restored.
  /// - Throws: `RestoreError` or `RepositoryError` if it could not go on; `CancellationError`.
  public func restore(
    _ request: RestoreRequest, index: BlobIndex, progress: RestoreProgress = RestoreProgress()
  ) async throws -> RestoreResult {
    defer { progress.finish() }
    let source = TreeSource(self, index)
    let nodes = try await source.nodes(at: request.subpath, in: request.tree)
    let top = request.restoresTop ? try await source.folder(at: request.subpath, in: request.tree) : nil
    if request.deletes { try checkDeletion(request, nodes) }
    let workers = max(1, request.workers ?? sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    // The walk has a thread of its own.
    let pool = BlockingPool(size: workers + 1)
    let problems = ProblemList(progress)
    let (root, isNew) = try await pool.run {
      let target = try openTarget(request)
      if let folder = target.0 { try checkIsNotRoot(folder, request) }
      return target
    }
    let fileLimit = min(raiseOpenFileLimit(), 4096)
    let folders = OpenFolders(root: root, limit: fileLimit / 4)
    let metadata = MetadataWriter(owners: request.owners, isRoot: geteuid() == 0, problems: problems)
    let pendingTimes =
      request.isDurable && !request.isDryRun
      ? PendingTimes(folders: folders, metadata: metadata, limit: min(max(1000, request.batchLimit), 100_000)) : nil
    let context = RestoreContext(
      repository: self, reader: BlobReader(self, index), request: request, folders: folders,
      openFiles: OpenFiles(limit: fileLimit / 4), metadata: metadata, pendingTimes: pendingTimes, problems: problems,
      progress: progress, pool: pool, workers: workers)
    let batches = BoundedQueue<Batch>(limit: 1)
    let unfitted = try await withThrowingTaskGroup(of: [String].self) { group in
      group.addTask(executorPreference: pool) {
        do {
          let folder = TargetFolder(parent: nil, name: [], number: 0, isNew: isNew)
          let walker = Walker(
            request, index: index, source: source, folders: folders, root: folder, metadataWriter: metadata,
            problems: problems, progress: progress, output: batches)
          try await walker.run(nodes, top: top.map(NodeMetadata.init))
          batches.finish()
          return walker.unfitted.texts
        } catch {
          batches.fail(error)
          throw error
        }
      }
      group.addTask {
        do {
          while let batch = try await batches.pop() { try await context.carryOut(batch) }
          return []
        } catch {
          batches.fail(error)
          throw error
        }
      }
      var unfitted: [String] = []
      for try await part in group { unfitted += part }
      return unfitted
    }
    if let pendingTimes {
      try await pool.run {
        try pendingTimes.settle()
        // The times, too.
        try folders.synchronize()
      }
    }
    progress.finish()
    return problems.result(progress.state, unfittedIncludes: unfitted)
  }
}

/// Refuses what would remove more than anybody means.
private func checkDeletion(_ request: RestoreRequest, _ nodes: [TreeNode]) throws(RestoreError) {
  if let name = request.subpath.last, nodes.count == 1, nodes[0].name == name, nodes[0].kind != .dir {
    throw RestoreError(
      .badRequest,
      "restoring the single file '\(printablePath(name))' with deletion would remove everything else from '\(request.target)'; restore its folder, or leave the deletion out"
    )
  }
}

/// Refuses to remove the system. Names don't tell: `/srv/..`, `/proc/self/root` and links lead there, too.
private func checkIsNotRoot(_ target: DirectoryHandle, _ request: RestoreRequest) throws(RestoreError) {
  guard request.deletes, request.includes.isEmpty else { return }
  do throws(FileError) {
    let (found, root) = (try target.metadata(), try DirectoryHandle(path: "/").metadata())
    guard found.device == root.device, found.inode == root.inode else { return }
  } catch {
    throw RestoreError(.target, "cannot restore there: \(error)")
  }
  throw RestoreError(
    .badRequest,
    "restoring to '/' with deletion would remove the system; name what to restore with an include pattern")
}

/// Opens the target, and makes it if it isn't there. Nil in a dry run to one that isn't.
private func openTarget(_ request: RestoreRequest) throws -> (DirectoryHandle?, isNew: Bool) {
  let path = Array(request.target.utf8)
  guard !path.isEmpty else {
    throw RestoreError(.badRequest, "the target of a restore must be a folder, not an empty text")
  }
  do throws(FileError) {
    return (try DirectoryHandle(path: path), false)
  } catch {
    if error.code == ENOENT, request.isDryRun { return (nil, true) }
    guard error.code == ENOENT else { throw RestoreError(.target, "cannot restore there: \(error)") }
  }
  do throws(FileError) {
    try makeFolders(path)
    return (try DirectoryHandle(path: path), true)
  } catch {
    throw RestoreError(error.isFull ? .full : .target, "cannot make the target: \(error)")
  }
}

/// Makes a folder and those above it, as the user names them: links are followed here.
private func makeFolders(_ path: [UInt8]) throws(FileError) {
  let slash = UInt8(ascii: "/")
  var trimmed = path[...]
  while trimmed.count > 1, trimmed.last == slash { trimmed.removeLast() }
  let text = String(decoding: trimmed, as: UTF8.self)
  if mkdir(text, 0o700) == 0 || errno == EEXIST { return }
  let code = errno
  guard code == ENOENT, let end = trimmed.lastIndex(of: slash), end > 0 else {
    throw FileError(path: path, operation: "make the folder", code: code)
  }
  try makeFolders(Array(trimmed[..<end]))
  guard mkdir(text, 0o700) == 0 || errno == EEXIST else {
    throw FileError(path: path, operation: "make the folder", code: errno)
  }
}

extension RestoreContext {
  /// Compares, writes, links, verifies, finishes.
  func carryOut(_ batch: Batch) async throws {
    var batch = batch
    let (matching, failed) = try await compareWithTarget(&batch)
    progress.bytes.count(batch.skippedZeros)
    let run = BatchRun(batch, self, matching: matching, failed: failed)
    try await run.writeContents()
    if request.verifies { try await run.verify() }
    try await run.finishFolders()
  }
}
