internal import BlobIndex
internal import Concurrency
internal import FileSystem
internal import Glibc
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// Reads listings from the top down, makes folders, and plans files in batches.
///
/// A folder is entered after its parent was made and left before the parent is, so that memory holds the listings on the way
/// down and one or two batches, however large the tree.
final class Walker {
  /// A folder whose listing is being worked on.
  struct Frame {
    var nodes: [TreeNode]
    var next = 0
    /// Nil until something in it is restored.
    var folder: TargetFolder?
    /// Its names from what is restored on.
    var path: [[UInt8]]
    /// Nil for the top if the target keeps its own.
    var metadata: NodeMetadata?
    var name: [UInt8] = []
    var isSelected: Bool
    /// It can't be made: all in it is passed over.
    var isBlocked = false
    /// It lies in another filesystem than the target, where nothing is removed.
    var isElsewhere = false
    var repeated = RepeatedNames()
  }

  /// Nobody has folders as deep; a listing that claims so is hostile.
  static let depthLimit = 2048

  let request: RestoreRequest
  let index: BlobIndex
  let source: TreeSource
  let folders: OpenFolders
  let root: TargetFolder
  let metadataWriter: MetadataWriter
  let problems: ProblemList
  let progress: RestoreProgress
  let output: BoundedQueue<Batch>

  var frames: [Frame] = []
  var batch = BatchBuilder()
  var firstNames = FirstNames()
  /// The includes that nothing has fitted so far.
  private(set) var unfitted: PathPatterns
  private var folderCount = 0
  /// Small at first so that writing starts soon.
  private var batchLimit = 4000

  init(
    _ request: RestoreRequest, index: BlobIndex, source: TreeSource, folders: OpenFolders, root: TargetFolder,
    metadataWriter: MetadataWriter, problems: ProblemList, progress: RestoreProgress, output: BoundedQueue<Batch>
  ) {
    self.request = request
    self.index = index
    self.source = source
    self.folders = folders
    self.root = root
    self.metadataWriter = metadataWriter
    self.problems = problems
    self.progress = progress
    self.output = output
    unfitted = request.includes.choosing
  }

  /// Walks all of the listing; the last batch is out when this returns.
  /// - Parameter top: what the target itself gets; nil if it keeps its own.
  func run(_ nodes: [TreeNode], top: NodeMetadata?) async throws {
    frames = [Frame(nodes: nodes, folder: root, path: [], metadata: top, isSelected: request.includes.isEmpty)]
    try removeSurplus(in: frames.count - 1)
    while let frame = frames.last {
      if frame.next == frame.nodes.count || frame.isBlocked {
        leave()
      } else {
        frames[frames.count - 1].next += 1
        try await visit(frame.nodes[frame.next])
      }
      if batch.weight >= batchLimit { try await emit() }
    }
    try await emit()
    progress.isWalking.store(false, ordering: .relaxed)
  }

  private func emit() async throws {
    try Task.checkCancellation()
    try await output.push(batch.take())
    batchLimit = min(batchLimit * 4, max(1000, request.batchLimit))
  }

  /// Works on one entry of the innermost folder.
  private func visit(_ node: TreeNode) async throws {
    let current = frames.count - 1
    let nodes = frames[current].nodes
    let position = frames[current].next - 1
    let isRepeated = frames[current].repeated.hasEarlier(position, in: nodes)
    guard isPlainName(node.name) else {
      problems.add(
        .name, describedPath(node.name),
        "'\(printablePath(describedPath(node.name)))' is no name that a file can have; it was passed over")
      return
    }
    guard !isRepeated else {
      let path = describedPath(node.name)
      problems.add(
        .name, path, "'\(printablePath(path))' is listed twice in its folder; only the first was restored")
      return
    }
    let (isSelected, mayHoldSelected) = selection(of: node)
    guard isSelected || mayHoldSelected else { return }
    if node.kind == .dir {
      try await enter(node, isSelected: isSelected)
    } else if isSelected, let folder = try ensureFolder(current) {
      try plan(node, in: folder)
    }
  }

  private func selection(of node: TreeNode) -> (isSelected: Bool, mayHoldSelected: Bool) {
    if request.includes.isEmpty, !request.hasExcludes { return (true, true) }
    let path = (frames.last?.path ?? []) + [node.name]
    if isExcluded(path) { return (false, false) }
    if request.includes.isEmpty { return (true, true) }
    let isSelected = request.includes.matches(path)
    if isSelected, !unfitted.isEmpty { unfitted.removeAll(fitting: path) }
    return (isSelected, node.kind == .dir && request.includes.mayMatchBelow(path))
  }

  func isExcluded(_ path: [[UInt8]]) -> Bool {
    guard request.hasExcludes else { return false }
    let path = request.excludeRoot + path
    return request.excludes.matches(path) || request.furtherExcludes.matches(path)
  }

  /// The path below the target of an entry of the innermost folder, for people.
  func describedPath(_ name: [UInt8]) -> [UInt8] {
    Array(((frames.last?.path ?? []) + [name]).joined(separator: [UInt8(ascii: "/")]))
  }

  // MARK: - Folders

  private func enter(_ node: TreeNode, isSelected: Bool) async throws {
    guard frames.count < Self.depthLimit else {
      let path = describedPath(node.name)
      problems.add(
        .folder, path, "\(printablePath(path)) lies more than \(Self.depthLimit) folders deep; it was passed over")
      return
    }
    var frame = Frame(
      nodes: [], path: (frames.last?.path ?? []) + [node.name], metadata: NodeMetadata(node), isSelected: isSelected)
    frame.name = node.name
    do throws(RepositoryError) {
      guard let subtree = node.subtree else {
        throw RepositoryError(.corrupt, "its entry does not say where its listing is")
      }
      frame.nodes = try await source.tree(subtree)
      source.prefetch(frame.nodes.lazy.compactMap(\.subtree).prefix(8))
    } catch {
      guard error.isLocal else { throw error }
      let path = describedPath(node.name)
      problems.add(.folder, path, "cannot restore the folder \(printablePath(path)): \(error)")
      return
    }
    frames.append(frame)
    if isSelected, try ensureFolder(frames.count - 1) != nil { try removeSurplus(in: frames.count - 1) }
  }

  private func leave() {
    guard let frame = frames.popLast(), let folder = frame.folder, let metadata = frame.metadata else { return }
    progress.folders.count()
    if !request.isDryRun { batch.finished(folder, metadata) }
  }

  /// The target's folder for a frame; made with those above it if it isn't there. Nil if that is not possible.
  private func ensureFolder(_ number: Int) throws -> TargetFolder? {
    if let folder = frames[number].folder { return folder }
    guard !frames[number].isBlocked, let parent = try ensureFolder(number - 1) else {
      frames[number].isBlocked = true
      return nil
    }
    do throws(FileError) {
      if request.deletes {
        let isInside = frames[number - 1].isElsewhere
        frames[number].isElsewhere = isInside ? true : try isElsewhere(frames[number].name, in: parent)
      }
      // An empty one stands for the place alone.
      if !frames[number].isElsewhere || !frames[number].nodes.isEmpty {
        frames[number].folder = try makeFolder(frames[number].name, in: parent)
      }
    } catch {
      try problems.add(error.isThere ? .obstacle : .writing, error)
    }
    if frames[number].folder == nil { frames[number].isBlocked = true }
    return frames[number].folder
  }

  private func makeFolder(_ name: [UInt8], in parent: TargetFolder) throws(FileError) -> TargetFolder? {
    folderCount += 1
    func folder(isNew: Bool) -> TargetFolder {
      TargetFolder(parent: parent, name: name, number: folderCount, isNew: isNew)
    }
    if request.isDryRun {
      if parent.isNew { return folder(isNew: true) }
      return folder(isNew: try kind(of: name, in: parent) != .directory)
    }
    let handle = try folders.handle(parent)
    do {
      try handle.makeDirectory(name)
      return folder(isNew: true)
    } catch {
      guard error.code == EEXIST else { throw error }
    }
    let found = try handle.metadata(of: name)
    if found.kind == .directory {
      let made = folder(isNew: false)
      // Somebody who isn't root needs these to work in it; its own permissions come at the end.
      if found.permissions & 0o700 != 0o700, geteuid() != 0 {
        try handle.openPath(name).setPermissions(found.permissions | 0o700)
      }
      let opened = try handle.openDirectory(name)
      if found.device != (try handle.metadata().device) { try folders.note(opened) }
      folders.add(made, opened)
      return made
    }
    let path = parent.path(of: name)
    guard request.overwrite != .never else {
      problems.add(
        .obstacle, path, "cannot restore the folder \(printablePath(path)): something else has its name in the target")
      return nil
    }
    try handle.removeFile(name)
    try handle.makeDirectory(name)
    return folder(isNew: true)
  }

  /// What has a name in a folder of the target; nil for nothing.
  func kind(of name: [UInt8], in folder: TargetFolder) throws(FileError) -> FileKind? {
    try metadata(of: name, in: folder)?.kind
  }

  func metadata(of name: [UInt8], in folder: TargetFolder) throws(FileError) -> FileMetadata? {
    try folder.isNew ? nil : folders.handle(folder).metadataIfThere(of: name)
  }
}
