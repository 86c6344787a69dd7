internal import BlobIndex
internal import Chunking
internal import FileSystem
internal import Glibc
internal import ResticFormat
internal import ResticRepository

extension Worker {
  /// What became of an entry that is not a folder.
  enum Outcome {
    /// It is done.
    case node(TreeNode)
    /// It is one of those that are not kept, such as sockets.
    case skipped
    /// It takes several jobs.
    case large(FileHandle, TreeNode, FileMetadata, key: JournalKey?, isKnown: Bool)
  }

  /// Keeps entries that are not folders, up to a large file; what follows that is another job.
  func batch(_ place: DirectoryTask.Place, _ entries: Range<Int>) async throws {
    guard let handle = place.directory.handle else { return }
    session.progress.setCurrent(number) { printablePath(handle.path) }
    var place = place
    var json: [UInt8] = []
    for entry in entries {
      let name = place.directory.entries.name(at: entry)
      guard
        session.request.excludes.isEmpty || !session.request.excludes.matches(place.directory.path + [name])
      else { continue }
      do {
        let hint = place.directory.entries.kindHint(at: entry)
        let folder = place.directory
        switch try await file(handle, name, hint, folder.knownEntries[name], in: folder.path) {
        case .skipped: break
        case .node(let node):
          if !json.isEmpty { json.append(UInt8(ascii: ",")) }
          TreeEncoder.append(node, to: &json)
        case .large(let file, let node, let metadata, let key, let isKnown):
          try fill(place, json)
          place.part = place.directory.splitSlot(place.slot)
          // The others wait below this one's segments, so that each worker has one large file open, or two.
          let rest = DirectoryTask.Place(directory: folder, slot: place.slot, part: place.part + 1)
          session.stack.push([.batch(rest, entries: entry + 1..<entries.upperBound)])
          return try await begin(file, node, metadata, key, isKnown: isKnown, at: place)
        }
      } catch let error as FileError {
        session.report(error)
      }
    }
    try fill(place, json)
    try await finishOne(place.directory)
  }

  /// Puts entries where they belong.
  private func fill(_ place: DirectoryTask.Place, _ json: [UInt8]) throws {
    let directory = place.directory
    if directory.fill(place.slot, place.part, json, limit: session.request.listingLimit) { return }
    try lose(
      BackupProblem(
        path: directory.realPath,
        message:
          "entries of \(printablePath(directory.realPath)) are left out: with them the folder's listing would have more than \(session.request.listingLimit) bytes, which nobody could read back; keep less in one folder"
      ))
  }

  /// Keeps an entry that is not a folder.
  func file(
    _ handle: DirectoryHandle, _ name: [UInt8], _ hint: FileKind, _ known: TreeNode?, in folder: [[UInt8]]
  ) async throws -> Outcome {
    // Without a parent to compare with, a regular file tells all once it is open.
    if hint == .regular, known == nil, session.part == nil { return try await read(handle, name, known, in: folder) }
    let metadata = try handle.metadata(of: name)
    switch metadata.kind {
    case .socket, .unknown: return .skipped
    case .directory:
      throw FileError(
        path: handle.path + [UInt8(ascii: "/")] + name, operation: "read as a file what became", code: EISDIR)
    case .regular:
      if let known, let compared = compared(metadata, { handle.sourceIdentity(of: name) }),
        var node = unchanged(name, compared, known)
      {
        if known.changed != node.changed {
          let now = try makeNode(name, metadata) { () throws(FileError) in try handle.extendedAttributes(of: name) }
          node.extendedAttributes = now.extendedAttributes
        }
        return .node(node)
      }
      if let part = session.part, metadata.size <= FileTask.segmentLength {
        guard let key = journalKey(folder, name, metadata), part.owns(key.path, segment: 0) else { return .skipped }
      }
      return try await read(handle, name, known, in: folder)
    case .symlink, .fifo, .blockDevice, .characterDevice:
      var node = try makeNode(name, metadata) { () throws(FileError) in try handle.extendedAttributes(of: name) }
      if metadata.kind == .symlink { node.linkTarget = try handle.readLink(name) }
      return .node(node)
    }
  }

  /// What a file is compared by; nil for a copy that doesn't say what it is of.
  func compared(_ metadata: FileMetadata, _ identity: () -> SourceIdentity?) -> FileMetadata? {
    guard session.request.hasSourceIdentities else { return metadata }
    return identity().map { metadata.of($0) }
  }

  /// The node of a file that has not changed; nil if it may have.
  func unchanged(_ name: [UInt8], _ metadata: FileMetadata, _ known: TreeNode) -> TreeNode? {
    guard isUnchanged(known, metadata) else { return nil }
    var node = session.nodes.node(name, metadata)
    node.content = known.content
    node.extendedAttributes = known.extendedAttributes
    session.progress.filesUnmodified.count()
    session.progress.files.count()
    session.progress.bytes.count(metadata.size)
    return node
  }

  func count(isKnown: Bool) {
    if isKnown { session.progress.filesChanged.count() } else { session.progress.filesNew.count() }
    session.progress.files.count()
  }

  /// Whether a file has the content that the parent has, as far as metadata tell.
  private func isUnchanged(_ known: TreeNode, _ metadata: FileMetadata) -> Bool {
    guard let trusted = session.trustedUntil, known.kind == .file, known.size == UInt64(max(0, metadata.size)),
      known.modified == TreeNode.Time(metadata.modified)
    else { return false }
    if session.request.ignoresChangeTime {
      guard known.modified < trusted else { return false }
    } else {
      guard known.changed == TreeNode.Time(metadata.changed), known.changed < trusted else { return false }
    }
    guard session.request.ignoresInode || known.inode == metadata.inode else { return false }
    return known.content.allSatisfy { session.writer.index.contains($0, .data) }
  }

  // MARK: - Reading

  private func read(
    _ handle: DirectoryHandle, _ name: [UInt8], _ known: TreeNode?, in folder: [[UInt8]]
  ) async throws -> Outcome {
    let file = try handle.openFile(name)
    let metadata = try file.metadata()
    let key = metadata.size > 0 ? journalKey(folder, name, metadata) : nil
    guard metadata.kind == .regular else {
      let code = metadata.kind == .directory ? EISDIR : ESTALE
      throw FileError(path: file.path, operation: "read as a file what became", code: code)
    }
    var node = try makeNode(name, metadata) { () throws(FileError) in try file.extendedAttributes() }
    if metadata.size > FileTask.segmentLength { return .large(file, node, metadata, key: key, isKnown: known != nil) }
    let segment: FileTask.Segment
    if let content = finished(key, metadata, segments: 1)[0] {
      segment = FileTask.Segment(content: content, bytes: metadata.size)
      session.progress.bytes.count(metadata.size)
    } else {
      segment = try await chunks.store(file, metadata)
      if segment.bytes == metadata.size { record(key, metadata, segment: 0, segments: 1, content: segment.content) }
    }
    try await complete(&node, file, metadata, [segment], isKnown: known != nil)
    return .node(node)
  }

  /// Puts what was read into a file's node.
  private func complete(
    _ node: inout TreeNode, _ file: FileHandle, _ metadata: FileMetadata, _ segments: [FileTask.Segment], isKnown: Bool
  ) async throws {
    let bytes = segments.reduce(0) { $0 + $1.bytes }
    node.content = segments.count == 1 ? segments[0].content : segments.flatMap(\.content)
    node.size = UInt64(bytes)
    if bytes < metadata.size {
      session.report(
        BackupProblem(
          path: file.path,
          message:
            "\(printablePath(file.path)) became shorter while it was read: \(bytes) of \(metadata.size) bytes are kept")
      )
    } else if metadata.kind == .regular,
      metadata.size > 1 << 20 || TreeNode.Time(metadata.changed) > session.secondsAgo(10)
    {
      let now = try file.metadata()
      if now.changed != metadata.changed || now.size != metadata.size {
        session.report(
          BackupProblem(
            path: file.path,
            message:
              "\(printablePath(file.path)) was written to while it was read: what is kept may be a mix of before and after",
            isLoss: false))
      }
    }
    count(isKnown: isKnown)
  }

  /// Makes jobs of a large file's segments, unless it has more blobs than a listing can name.
  func begin(
    _ file: FileHandle, _ node: TreeNode, _ metadata: FileMetadata, _ key: JournalKey?, isKnown: Bool,
    at place: DirectoryTask.Place, blocks: BlockPlan? = nil
  ) async throws {
    let hole = blocks?.zeroLength ?? zeroChunkLength
    let blobs = metadata.leastBlobs(data: max(blocks?.blockSize ?? GearChunker.maximum, hole), hole: hole)
    guard blobs <= session.request.blobLimit else {
      try lose(
        BackupProblem(
          path: file.path,
          message:
            "\(printablePath(file.path)) is left out: its \(metadata.size) bytes, holes included, would be at least \(blobs) pieces, and a file can have \(session.request.blobLimit); make it shorter, or exclude it"
        ))
      return try await finish(place, nil)
    }
    let finished = finished(
      key, metadata, segments: FileTask.segmentCount(metadata.size, isImage: blocks != nil),
      blockSize: blocks?.blockSize ?? 0)
    begin(
      FileTask(
        place: place, file: file, node: node, metadata: metadata, isKnown: isKnown, key: key, finished: finished,
        blocks: blocks))
  }

  private func begin(_ task: FileTask) {
    task.file.adviseSequential()
    session.stack.push([.segments(task, 0..<task.segmentCount)])
  }

  func segment(_ task: FileTask, _ index: Int) async throws {
    session.progress.setCurrent(number) { printablePath(task.file.path) }
    var result: FileTask.Segment?
    do {
      let range = task.range(of: index)
      defer { task.pages.end(index) }
      if let part = session.part, let key = task.key, !part.owns(key.path, segment: index) {
        result = FileTask.Segment(content: [], bytes: range.count)
      } else if let content = task.finished[index] {
        result = FileTask.Segment(content: content, bytes: range.count)
        session.progress.bytes.count(range.count)
      } else {
        task.pages.begin(index)
        if let blocks = task.blocks {
          result = try await chunks.storeBlocks(task.file, range, blocks, isSparse: task.isSparse)
        } else {
          result = try await chunks.store(task.file, range, isSparse: task.isSparse)
        }
      }
      if let result, !result.content.isEmpty, task.finished[index] == nil, result.bytes == range.count {
        record(
          task.key, task.metadata, segment: index, segments: task.segmentCount, blockSize: task.blocks?.blockSize ?? 0,
          content: result.content)
      }
    } catch let error as FileError {
      session.report(error)
    }
    guard let segments = task.finish(index, result) else { return }
    guard !segments.isEmpty else { return try await finish(task.place, nil) }
    var node = task.node
    do {
      try await complete(&node, task.file, task.metadata, segments, isKnown: task.isKnown)
    } catch let error as FileError {
      session.report(error)
    }
    try await finish(task.place, node)
  }
}
