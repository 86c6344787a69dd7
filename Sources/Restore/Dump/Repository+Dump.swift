public import BlobIndex
internal import Concurrency
internal import FileSystem
internal import Glibc
internal import ObjectStores
public import ResticFormat
public import ResticRepository

extension Repository {
  /// Writes a file's content to a descriptor, or a folder as a tar archive (POSIX pax, with extended attributes and ACLs in the
  /// way of GNU tar; hard links as such).
  ///
  /// - Parameters:
  ///   - path: names on the way from the tree; none means all of it, as an archive.
  ///   - descriptor: stays open; a broken pipe is an error, not a signal, only if the process ignores SIGPIPE.
  ///   - written: told of bytes as they are written.
  /// - Returns: what an archive cannot hold, or must not: names that would lead out of the place where it is unpacked, by
  ///   themselves or through a link of the same name.
  /// - Throws: `RestoreError`, or `RepositoryError` if content is missing or damaged: the output has ended too early then.
  public func dump(
    _ tree: BlobID, path: [[UInt8]], index: BlobIndex, to descriptor: Int32,
    written: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> RestoreResult {
    let progress = RestoreProgress()
    let problems = ProblemList(progress)
    let source = TreeSource(self, index)
    let processors = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    let isLocal = store is any LocalObjects
    let output = OrderedOutput(
      repository: self, reader: BlobReader(self, index), openers: OpenerPool(self),
      pool: BlockingPool(size: processors + 1), descriptor: descriptor,
      window: isLocal ? 2 * processors + 2 : max(8, 2 * processors), written: written)
    let unitLimit = 4 << 20
    if !path.isEmpty {
      let node = try await source.node(at: path, in: tree)
      if node.kind == .file {
        var units = try ContentUnit.of(node.content, index, limit: unitLimit).units[...]
        try await output.run { units.popFirst().map(OutputItem.content) }
        return problems.result(progress.state, unfittedIncludes: [])
      }
      guard node.kind == .dir else {
        let text = printablePath(Array(path.joined(separator: [UInt8(ascii: "/")])))
        throw RestoreError(.badRequest, "'\(text)' is neither a file nor a folder: it has no content to dump")
      }
      let archive = TarArchive(source: source, index: index, problems: problems, unitLimit: unitLimit)
      archive.enter(node, path: path)
      try await output.run { try await archive.next() }
    } else {
      let archive = TarArchive(source: source, index: index, problems: problems, unitLimit: unitLimit)
      archive.enter(try await source.tree(tree))
      try await output.run { try await archive.next() }
    }
    return problems.result(progress.state, unfittedIncludes: [])
  }
}

/// Turns a tree into the items of an archive, one after the other.
final class TarArchive {
  private let source: TreeSource
  private let index: BlobIndex
  private let problems: ProblemList
  private let unitLimit: Int
  private var stack: [Level] = []
  /// What comes before anything else from the stack; the next one last.
  private var pending: [OutputItem] = []
  private var firstNames: [TarFile: [UInt8]] = [:]
  private var isEnded = false

  /// A listing that is being worked on.
  private struct Level {
    let nodes: [TreeNode]
    /// Of its folder, with a `/` at the end.
    let path: [UInt8]
    var next = 0
    var repeated = RepeatedNames()
  }

  private struct TarFile: Hashable {
    let inode: UInt64
    let device: UInt64
    let content: [BlobID]
  }

  init(source: TreeSource, index: BlobIndex, problems: ProblemList, unitLimit: Int) {
    self.source = source
    self.index = index
    self.problems = problems
    self.unitLimit = unitLimit
  }

  /// Begins with the content of a tree.
  func enter(_ nodes: [TreeNode]) { stack.append(Level(nodes: nodes, path: [])) }

  /// Begins with a folder itself; names in the archive are paths in the snapshot.
  func enter(_ folder: TreeNode, path: [[UInt8]]) {
    let parent = Array(path.dropLast().map { $0 + [UInt8(ascii: "/")] }.joined())
    stack.append(Level(nodes: [folder], path: parent))
  }

  /// The next item; nil after the end of the archive.
  func next() async throws -> OutputItem? {
    while pending.isEmpty, let entry = nextEntry() {
      try await add(entry.node, in: entry.folder, isRepeated: entry.isRepeated)
    }
    if let item = pending.popLast() { return item }
    guard !isEnded else { return nil }
    isEnded = true
    return .bytes([UInt8](repeating: 0, count: 2 * TarHeader.block))
  }

  /// The next entry of the innermost folder that has one left.
  private func nextEntry() -> (node: TreeNode, folder: [UInt8], isRepeated: Bool)? {
    while let level = stack.indices.last {
      let (nodes, position) = (stack[level].nodes, stack[level].next)
      guard position < nodes.count else {
        stack.removeLast()
        continue
      }
      stack[level].next += 1
      let isRepeated = stack[level].repeated.hasEarlier(position, in: nodes)
      return (nodes[position], stack[level].path, isRepeated)
    }
    return nil
  }

  private func add(_ node: TreeNode, in folder: [UInt8], isRepeated: Bool) async throws {
    let path = folder + node.name
    guard isPlainName(node.name) else {
      problems.add(.name, path, "'\(printablePath(path))' is no name that a file can have; it was left out")
      return
    }
    // Whoever unpacks it would follow a link of that name.
    guard !isRepeated else {
      problems.add(.name, path, "'\(printablePath(path))' is listed twice in its folder; only the first was archived")
      return
    }
    switch node.kind {
    case .dir: try await addFolder(node, path)
    case .file: try addFile(node, path)
    case .symlink: put(TarHeader(kind: .symlink, path: path, node: node, size: 0, linkTarget: node.linkTarget))
    case .fifo: put(TarHeader(kind: .fifo, path: path, node: node, size: 0))
    case .dev: put(TarHeader(kind: .blockDevice, path: path, node: node, size: 0))
    case .chardev: put(TarHeader(kind: .characterDevice, path: path, node: node, size: 0))
    case .socket, .irregular:
      problems.add(
        .unsupported, path, "\(printablePath(path)) is of a kind that an archive can't hold (\(node.kind.rawValue))",
        isLoss: node.kind != .socket)
    }
  }

  private func addFolder(_ node: TreeNode, _ path: [UInt8]) async throws {
    put(TarHeader(kind: .folder, path: path + [UInt8(ascii: "/")], node: node, size: 0))
    guard stack.count < Walker.depthLimit else {
      problems.add(.folder, path, "\(printablePath(path)) lies too deep; its content was left out")
      return
    }
    do throws(RepositoryError) {
      let nodes = try await source.entries(of: node)
      source.prefetch(nodes.lazy.compactMap(\.subtree).prefix(8))
      stack.append(Level(nodes: nodes, path: path + [UInt8(ascii: "/")]))
    } catch {
      guard error.isLocal else { throw error }
      problems.add(.folder, path, "cannot read the folder \(printablePath(path)): \(error)")
    }
  }

  private func addFile(_ node: TreeNode, _ path: [UInt8]) throws {
    if node.links > 1, node.inode != 0 {
      let file = TarFile(inode: node.inode, device: node.deviceID, content: node.content)
      if let first = firstNames[file] {
        return put(TarHeader(kind: .hardLink, path: path, node: node, size: 0, linkTarget: first))
      }
      firstNames[file] = path
    }
    do throws(RepositoryError) {
      let (units, size) = try ContentUnit.of(node.content, index, limit: unitLimit)
      let padding = TarHeader.padding(size)
      if padding > 0 { pending.append(.bytes([UInt8](repeating: 0, count: padding))) }
      pending += units.reversed().map(OutputItem.content)
      put(TarHeader(kind: .file, path: path, node: node, size: size))
    } catch {
      problems.add(.content, path, "cannot archive \(printablePath(path)): \(error)")
    }
  }

  private func put(_ header: TarHeader) { pending.append(.bytes(header.encoded())) }
}
