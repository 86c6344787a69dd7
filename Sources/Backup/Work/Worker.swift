internal import Concurrency
internal import FileSystem
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// Does jobs until there are none. One thread's tools.
final class Worker {
  let session: Session
  let number: Int
  /// The threads of the backup, and how many of them are for workers.
  let pool: BlockingPool
  let workers: Int
  let sealer: BlobSealer
  let chunks: ChunkReader
  let keys: PathKeys

  init(_ session: Session, number: Int, pool: BlockingPool, workers: Int) {
    self.session = session
    self.number = number
    self.pool = pool
    self.workers = workers
    sealer = session.writer.sealer()
    chunks = ChunkReader(session, sealer)
    keys = PathKeys(session.writer.repository)
  }

  /// Works until all is done.
  func run() async throws {
    while let job = try await session.stack.pop() {
      try await run(job)
      session.progress.setCurrent(number, nil)
    }
  }

  private func run(_ job: Job) async throws {
    switch job {
    case .sourceFolder(let place, let tree, let node, let known, let path):
      try await sourceFolder(place, tree, node, known, path)
    case .source(let place, let parent, let name, let known, let path):
      try await source(place, parent, name, known, path)
    case .labelled(let place, let path, let name, let known, let names):
      try await labelled(place, path, name, known, names)
    case .image(let place, let path, let name, let known): try await image(place, path, name, known)
    case .stream(let place, let name): try await stream(place, name)
    case .directory(let place, let entry): try await directory(place, entry)
    case .batch(let place, let entries): try await batch(place, entries)
    case .segments(let file, let range): for index in range { try await segment(file, index) }
    }
  }

  // MARK: - Bringing pieces home

  /// Puts a node, or nothing if there is none, where it belongs, and says that it was waited for.
  func finish(_ place: DirectoryTask.Place, _ node: TreeNode?) async throws {
    if let node {
      var json: [UInt8] = []
      var fits = node.content.count <= session.request.blobLimit
      if fits {
        TreeEncoder.append(node, to: &json)
        fits = place.directory.fill(place.slot, place.part, json, limit: session.request.listingLimit)
      }
      if !fits {
        let path = place.directory.realPath + [UInt8(ascii: "/")] + node.name
        try lose(
          BackupProblem(
            path: path,
            message:
              "\(printablePath(path)) is left out: with it the listing of its folder would have more than \(session.request.listingLimit) bytes, which nobody could read back; keep less in one folder"
          ))
      }
    }
    try await finishOne(place.directory)
  }

  /// Notes what is left out; throws it if there is nothing else in this backup.
  func lose(_ problem: BackupProblem) throws {
    guard case .files = session.request.source else { throw problem }
    session.report(problem)
  }

  /// One part of a folder is done; stores the folder if it was the last, and so on upwards.
  func finishOne(_ directory: DirectoryTask) async throws {
    if let listing = directory.finishOne() { try await store(directory, listing) }
  }

  /// Stores a folder's listing, and brings its node to the folder above.
  func store(_ directory: DirectoryTask, _ listing: [UInt8]) async throws {
    // Trees are for the step that joins the parts.
    guard session.part == nil else {
      if let place = directory.place { return try await finish(place, nil) }
      return session.stack.finish()
    }
    // An array's memory can't be lent to what may wait.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: listing.count, alignment: 16)
    defer { copy.deallocate() }
    copy.copyBytes(from: listing)
    let id = try await session.writer.store(UnsafeRawBufferPointer(copy), type: .tree, with: sealer).id
    guard let place = directory.place else {
      session.root.withLock { $0 = id }
      session.stack.finish()
      return
    }
    switch directory.known?.subtree {
    case nil: session.progress.foldersNew.count()
    case id?: session.progress.foldersUnmodified.count()
    case _?: session.progress.foldersChanged.count()
    }
    var node = directory.node
    node.subtree = id
    try await finish(place, node)
  }
}
