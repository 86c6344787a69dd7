internal import FileSystem
internal import ResticFormat
internal import ResticRepository

extension TreeSource {
  /// The node that names lead to. - Throws: `RestoreError` `.notFound` if there is none.
  func node(at names: [[UInt8]], in tree: BlobID) async throws -> TreeNode {
    var nodes = try await self.tree(tree)
    for (depth, name) in names.enumerated() {
      let path = Array(names[...depth].joined(separator: [UInt8(ascii: "/")]))
      guard let node = nodes.first(where: { $0.name == name }) else {
        throw RestoreError(
          .notFound, "the snapshot has no '\(printablePath(path))'; 'holdfast repo ls' shows what it has")
      }
      if depth == names.count - 1 { return node }
      guard node.kind == .dir, let subtree = node.subtree else {
        throw RestoreError(.notFound, "'\(printablePath(path))' is no folder in the snapshot")
      }
      nodes = try await self.tree(subtree)
    }
    throw RestoreError(.notFound, "no path is given")
  }

  /// The folder that names lead to; nil if that is none, or the tree itself, of which nothing is known but what it holds. So it is
  /// with a folder that a backup made up to put an image or a stream into: it was on no disk, and has no inode.
  func folder(at names: [[UInt8]], in tree: BlobID) async throws -> TreeNode? {
    guard !names.isEmpty else { return nil }
    let node = try await node(at: names, in: tree)
    return node.kind == .dir && node.inode != 0 ? node : nil
  }

  /// What is in the folder that names lead to; the file alone if they lead to one.
  func nodes(at names: [[UInt8]], in tree: BlobID) async throws -> [TreeNode] {
    if names.isEmpty { return try await self.tree(tree) }
    let node = try await node(at: names, in: tree)
    guard node.kind == .dir else { return [node] }
    guard let subtree = node.subtree else {
      throw RepositoryError(.corrupt, "a folder's entry does not say where its listing is")
    }
    return try await self.tree(subtree)
  }
}
