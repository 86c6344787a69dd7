internal import BlobIndex
internal import FileSystem
internal import Glibc
internal import ResticFormat
internal import ResticRepository

extension Worker {
  /// Begins with an image: a file, or a device that is kept as one.
  func image(_ place: DirectoryTask.Place, _ path: String, _ name: [UInt8], _ known: TreeNode?) async throws {
    do {
      let file = try FileHandle(path: path, direct: session.request.readsDirectly)
      var metadata = try file.metadata()
      // What blocks of a device changed since an interrupted attempt nobody knows, unless it is frozen.
      let isNamed = metadata.kind == .regular || session.request.frozenAs != nil
      let key = isNamed ? journalKey(place.directory.path, name, metadata) : nil
      var node: TreeNode
      switch metadata.kind {
      case .regular:
        if let known, session.request.changedRanges == nil,
          let compared = compared(metadata, { file.sourceIdentity() }),
          let unchanged = unchanged(name, compared, known)
        {
          return try await finish(place, unchanged)
        }
        node = try makeNode(name, metadata) { () throws(FileError) in try file.extendedAttributes() }
      case .blockDevice:
        metadata.size = try file.deviceSize()
        metadata.blocks = metadata.size / 512
        // A device can't be restored as a file's content; a file can. Times of the device's name say nothing about it.
        node = session.nodes.node(name, metadata)
        node.kind = .file
        node.mode = metadata.permissions & 0o777
        node.device = 0
        node.links = 1
        node.inode = 0
      default:
        throw BackupProblem(
          path: Array(path.utf8),
          message: "\(path) is neither a file nor a block device, so it can't be backed up as an image")
      }
      let size = session.request.blockSize ?? BlockPlan.blockSize(for: metadata.size)
      let plan = BlockPlan(
        blockSize: size, size: metadata.size, blobLimit: session.request.blobLimit, known: known?.content ?? [],
        index: session.writer.index, changed: session.request.changedRanges)
      if session.part != nil, !isNamed {
        throw RepositoryError(
          .badRequest, "parts of the device \(path) can be told from an earlier state of it only by a name for this one"
        )
      }
      if metadata.kind == .blockDevice {
        // The device's own times change with its use, and differ between machines.
        (metadata.inode, metadata.modified) = (0, FileTime(seconds: 0, nanoseconds: 0))
        metadata.changed = metadata.modified
      }
      try await begin(file, node, metadata, key, isKnown: known != nil, at: place, blocks: plan)
    } catch let error as FileError {
      throw BackupProblem(error)  // there is nothing else in this backup
    }
  }

  /// Stores what comes from a stream as a file.
  func stream(_ place: DirectoryTask.Place, _ name: [UInt8]) async throws {
    guard case .stream(let descriptor, let text) = session.request.source else { return }
    let reader = StreamReader(session, descriptor: descriptor, name: text, workers: workers)
    let content = try await reader.run(workers: workers, pool: pool)
    var node = TreeNode(name: name, kind: .file)
    node.mode = 0o644
    let now = Snapshot.Moment.now
    node.modified = TreeNode.Time(seconds: now.seconds, nanoseconds: now.nanoseconds)
    node.accessed = node.modified
    node.changed = node.modified
    node.uid = getuid()
    node.gid = getgid()
    node.user = session.nodes.names.user(node.uid)
    node.group = session.nodes.names.group(node.gid)
    node.size = UInt64(content.bytes)
    node.content = content.content
    count(isKnown: false)
    try await finish(place, node)
  }
}
