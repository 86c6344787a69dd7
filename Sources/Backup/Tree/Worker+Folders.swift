internal import FileSystem
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

extension Worker {
  /// So many entries that are not folders are one job: enough to be worth it, few enough to share.
  static let batchSize = 64

  // MARK: - Above the sources

  func sourceFolder(
    _ place: DirectoryTask.Place?, _ tree: SourceTree, _ node: TreeNode, _ known: TreeNode?, _ path: [[UInt8]]
  ) async throws {
    let task = DirectoryTask(
      place: place, path: path, handle: nil, node: node, known: known, knownEntries: await knownEntries(known),
      slots: tree.entries.count)
    if let listing = task.emptyListing { return try await store(task, listing) }
    var jobs: [Job] = []
    for (slot, (name, entry)) in tree.entries.enumerated() {
      let place = DirectoryTask.Place(directory: task, slot: slot)
      let known = task.knownEntries[name]
      let path = path + [name]
      switch entry {
      case .folder(let folder):
        jobs.append(.sourceFolder(place, folder, node: folderNode(name, folder), known: known, path: path))
      case .source(let parent, let real):
        jobs.append(.source(place, parent: parent, name: real, known: known, path: sourcePath(parent, real)))
      case .labelled(let path):
        jobs.append(.labelled(place, path: path, name: name, known: known, names: task.path + [name]))
      case .image(let path): jobs.append(.image(place, path: path, name: name, known: known))
      case .stream: jobs.append(.stream(place, name: name))
      }
    }
    session.stack.push(jobs.reversed())
  }

  /// The node of a folder that leads to sources. One that is only a name has no times, so that it is the same each time.
  private func folderNode(_ name: [UInt8], _ folder: SourceTree) -> TreeNode {
    if let path = folder.realPath {
      do {
        let handle = try DirectoryHandle(path: path)
        var node = session.nodes.node(name, try handle.metadata())
        node.setAttributes(try attributes { () throws(FileError) in try handle.extendedAttributes() })
        return node
      } catch {
        session.report(BackupProblem(path: error.path, message: error.description, isLoss: false))
      }
    }
    var node = TreeNode(name: name, kind: .dir)
    node.mode = 1 << 31 | 0o755
    return node
  }

  private func sourcePath(_ parent: String, _ name: [UInt8]) -> [[UInt8]] {
    absoluteNames(parent) + [name]
  }

  func source(
    _ place: DirectoryTask.Place, _ parent: String, _ name: [UInt8], _ known: TreeNode?, _ path: [[UInt8]]
  ) async throws {
    do {
      let above = try DirectoryHandle(path: parent)
      let metadata = try above.metadata(of: name)
      if session.request.staysOnFileSystem { _ = session.devices.withLock { $0.insert(metadata.device) } }
      if metadata.kind == .directory {
        try await open(place, try above.openDirectory(name), name, known, path)
        return
      }
      let folder = place.directory.path
      switch try await file(above, name, metadata.kind, known, in: folder) {
      case .node(let node): try await finish(place, node)
      case .skipped: try await finish(place, nil)
      case .large(let file, let node, let metadata, let key, let isKnown):
        try await begin(file, node, metadata, key, isKnown: isKnown, at: place)
      }
    } catch let error as FileError {
      session.report(error)
      try await finish(place, nil)
    }
  }

  func labelled(
    _ place: DirectoryTask.Place, _ path: String, _ name: [UInt8], _ known: TreeNode?, _ names: [[UInt8]]
  ) async throws {
    do {
      let handle = try DirectoryHandle(path: path)
      if session.request.staysOnFileSystem {
        let device = try handle.metadata().device
        _ = session.devices.withLock { $0.insert(device) }
      }
      try await open(place, handle, name, known, names)
    } catch let error as FileError {
      session.report(error)
      try await finish(place, nil)
    }
  }

  // MARK: - In the sources

  func directory(_ place: DirectoryTask.Place, _ entry: Int) async throws {
    guard let above = place.directory.handle else { return }
    let name = place.directory.entries.name(at: entry)
    let path = place.directory.path + [name]
    guard session.request.excludes.isEmpty || !session.request.excludes.matches(path) else {
      return try await finish(place, nil)
    }
    do {
      let handle = try above.openDirectory(name)
      try await open(place, handle, name, place.directory.knownEntries[name], path)
    } catch let error as FileError {
      session.report(error)
      try await finish(place, nil)
    }
  }

  /// Begins with an open folder: reads its names and makes jobs of them.
  private func open(
    _ place: DirectoryTask.Place, _ handle: DirectoryHandle, _ name: [UInt8], _ known: TreeNode?, _ path: [[UInt8]]
  ) async throws {
    session.progress.setCurrent(number) { printablePath(handle.path) }
    let metadata = try handle.metadata()
    let node = try makeNode(name, metadata) { () throws(FileError) in try handle.extendedAttributes() }
    var entries = DirectoryListing()
    if !isElsewhere(metadata.device) {
      do {
        entries = session.request.markers.kept(of: try handle.entries(), in: handle)
      } catch {
        session.report(error)
        return try await finish(place, nil)
      }
    }

    // Folders have a slot each; what lies between them shares some.
    var folders: [(slot: Int, entry: Int)] = []
    var batches: [(slot: Int, entries: Range<Int>)] = []
    var slots = 0
    var start = 0
    func closeBatch(at end: Int) {
      if start < end {
        batches.append((slots, start..<end))
        slots += 1
      }
      start = end
    }
    for entry in entries.indices {
      if entries.kindHint(at: entry) == .directory
        || (entries.kindHint(at: entry) == .unknown && isFolder(handle, entries.name(at: entry)))
      {
        closeBatch(at: entry)
        folders.append((slots, entry))
        slots += 1
        start = entry + 1
      } else if entry - start == Self.batchSize {
        closeBatch(at: entry)
      }
    }
    closeBatch(at: entries.count)

    let task = DirectoryTask(
      place: place, path: path, handle: handle, entries: entries, node: node, known: known,
      knownEntries: await knownEntries(known), slots: slots)
    if let listing = task.emptyListing { return try await store(task, listing) }
    // The last is done first: files before folders, both in their order.
    session.stack.push(
      folders.reversed().map { .directory(DirectoryTask.Place(directory: task, slot: $0.slot), entry: $0.entry) }
        + batches.reversed().map { .batch(DirectoryTask.Place(directory: task, slot: $0.slot), entries: $0.entries) })
  }

  private func isFolder(_ handle: DirectoryHandle, _ name: [UInt8]) -> Bool {
    (try? handle.metadata(of: name).kind) == .directory
  }

  /// Whether something is mounted there that is not asked for: the folder is kept, empty.
  private func isElsewhere(_ device: UInt64) -> Bool {
    session.request.staysOnFileSystem && !session.devices.withLock { $0.contains(device) }
  }

  /// What the parent has in a folder. If that can't be read, everything in the folder is: slower, but nothing is lost.
  private func knownEntries(_ known: TreeNode?) async -> KnownEntries {
    guard let tree = known?.subtree else { return .none }
    do {
      return KnownEntries(try await session.reader.tree(tree))
    } catch {
      session.report(
        BackupProblem(
          path: known?.name ?? [], message: "cannot use the parent snapshot here, so all of it is read: \(error)",
          isLoss: false))
      return .none
    }
  }

  /// A node without content. What a copy says of its source is in it as what the source is.
  func makeNode(
    _ name: [UInt8], _ metadata: FileMetadata, _ read: () throws(FileError) -> ExtendedAttributes
  ) throws(FileError) -> TreeNode {
    var found = try attributes(read)
    var metadata = metadata
    if session.request.hasSourceIdentities, let source = found.takeSourceIdentity() { metadata = metadata.of(source) }
    var node = session.nodes.node(name, metadata)
    node.setAttributes(found)
    return node
  }

  /// Attributes, with a report of those that can't be read.
  func attributes(_ read: () throws(FileError) -> ExtendedAttributes) throws(FileError) -> ExtendedAttributes {
    let found = try read()
    for error in found.unreadable { session.report(error) }
    return found
  }
}
