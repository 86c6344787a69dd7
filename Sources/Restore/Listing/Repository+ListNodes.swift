public import BlobIndex
internal import FileSystem
public import ResticFormat
public import ResticRepository

extension Repository {
  /// Shows what a tree holds, in order of names, folders before their content; memory holds only the listings on the way down.
  ///
  /// - Parameters:
  ///   - tree: of the snapshot.
  ///   - index: of this repository, loaded after the snapshot was.
  ///   - folders: names on the way to the folders (or files) to show, themselves included; none shows everything.
  ///   - recursive: whether what is in folders below `folders` is shown, too.
  ///   - body: called for each entry. What it throws ends the listing.
  /// - Returns: listings that are missing or damaged; nothing of these is shown.
  /// - Throws: `RestoreError` `.notFound` for a path that isn't there.
  public func listNodes(
    _ tree: BlobID, index: BlobIndex, folders: [[[UInt8]]] = [], recursive: Bool = true,
    _ body: (ListedNode) throws -> Void
  ) async throws -> [RestoreProblem] {
    let source = TreeSource(self, index)
    var visitor = ListingVisitor(source: source, recursive: recursive || folders.isEmpty)
    if folders.isEmpty {
      try await visitor.visit(try await source.tree(tree), below: [], body)
    }
    for names in folders {
      if names.isEmpty {
        try await visitor.visit(try await source.tree(tree), below: [], body)
        continue
      }
      let node = try await source.node(at: names, in: tree)
      let path = Array(names.map { [UInt8(ascii: "/")] + $0 }.joined())
      try body(ListedNode(path: path, node: node))
      if node.kind == .dir { try await visitor.visit(try await source.entries(of: node), below: path, body) }
    }
    return visitor.problems
  }
}

private struct ListingVisitor {
  let source: TreeSource
  let recursive: Bool
  var problems: [RestoreProblem] = []

  mutating func visit(_ nodes: [TreeNode], below path: [UInt8], _ body: (ListedNode) throws -> Void) async throws {
    var stack = [(nodes: nodes[...], path: path)]
    while let node = stack.last?.nodes.first {
      stack[stack.count - 1].nodes.removeFirst()
      let path = (stack.last?.path ?? []) + [UInt8(ascii: "/")] + node.name
      try body(ListedNode(path: path, node: node))
      if node.kind == .dir, recursive, stack.count < Walker.depthLimit {
        do throws(RepositoryError) {
          let nodes = try await source.entries(of: node)
          source.prefetch(nodes.lazy.compactMap(\.subtree).prefix(8))
          stack.append((nodes[...], path))
        } catch {
          guard error.isLocal else { throw error }
          problems.append(
            RestoreProblem(
              kind: .folder, path: path, message: "cannot show the folder \(printablePath(path)): \(error)",
              isLoss: true))
        }
      }
      while let last = stack.last, last.nodes.isEmpty { stack.removeLast() }
    }
  }
}

extension TreeSource {
  /// What is in a folder.
  func entries(of node: TreeNode) async throws(RepositoryError) -> [TreeNode] {
    guard let subtree = node.subtree else {
      throw RepositoryError(.corrupt, "its entry does not say where its listing is")
    }
    return try await tree(subtree)
  }
}
