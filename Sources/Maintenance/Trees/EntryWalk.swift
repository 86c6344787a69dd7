public import Cryptography
public import ResticFormat
public import ResticRepository

/// Goes through all entries below a tree in restic's order: by name, each folder before what is in it.
public struct EntryWalk: Sendable {
  /// Whether to look into a folder.
  public enum Descent: Sendable {
    /// Look into it.
    case enter
    /// Leave it out. What is not a folder has nothing to leave out.
    case skip
  }

  /// An entry, and where it is.
  public struct Entry: Sendable {
    /// The names of the folders above it and its own.
    public let path: [[UInt8]]
    /// The entry.
    public let node: TreeNode
    /// The tree that holds it.
    public let parent: BlobID

    /// The path as people read it, with a `/` before each name; bytes that are not UTF-8 become U+FFFD.
    public var displayPath: String { path.isEmpty ? "/" : path.displayed }
  }

  private let reader: BlobReader

  /// A walk through what `reader` finds.
  public init(_ reader: BlobReader) { self.reader = reader }

  /// Calls `visit` with each entry below a tree.
  ///
  /// Once a folder's first subfolder was entered, some of the next are read ahead.
  /// - Parameters:
  ///   - path: where the tree is.
  ///   - leave: called with each tree once all below it has been visited.
  /// - Throws: what `visit` throws; the error of a tree that can't be read.
  public func visitEach(
    below tree: BlobID, at path: [[UInt8]] = [], leave: (BlobID, [[UInt8]]) throws -> Void = { _, _ in },
    _ visit: (Entry) async throws -> Descent
  ) async throws {
    // A stack of our own: nobody's folders are too deep for it.
    var open = [Level(tree: tree, path: path, nodes: try await reader.tree(tree)[...])]
    defer {
      for level in open { level.stopReading() }
    }
    while let last = open.indices.last {
      guard let node = open[last].nodes.popFirst() else {
        try leave(open[last].tree, open[last].path)
        open.removeLast()
        continue
      }
      let entry = Entry(path: open[last].path + [node.name], node: node, parent: open[last].tree)
      let descent = try await visit(entry)
      guard node.kind == .dir, let subtree = node.subtree else { continue }
      let early = open[last].takeAhead(subtree)
      guard descent == .enter else {
        early?.cancel()
        continue
      }
      try Task.checkCancellation()
      // Those who are deep read ahead less, so that all together stay few.
      open[last].readAhead(reader, upTo: max(0, Self.readAhead - last))
      let nodes = if let early { try await early.value } else { try await reader.tree(subtree) }
      open.append(Level(tree: subtree, path: entry.path, nodes: nodes[...]))
    }
  }

  /// How many subfolders of one folder are read ahead.
  private static let readAhead = 6

  /// A folder whose entries are being visited.
  private struct Level {
    let tree: BlobID
    let path: [[UInt8]]
    var nodes: ArraySlice<TreeNode>
    private var ahead: [BlobID: Task<[TreeNode], any Error>] = [:]

    init(tree: BlobID, path: [[UInt8]], nodes: ArraySlice<TreeNode>) {
      self.tree = tree
      self.path = path
      self.nodes = nodes
    }

    mutating func takeAhead(_ subtree: BlobID) -> Task<[TreeNode], any Error>? { ahead.removeValue(forKey: subtree) }

    mutating func readAhead(_ reader: BlobReader, upTo limit: Int) {
      guard ahead.count < limit else { return }
      for node in nodes {
        guard ahead.count < limit else { return }
        guard node.kind == .dir, let subtree = node.subtree, ahead[subtree] == nil else { continue }
        ahead[subtree] = Task { try await reader.tree(subtree) }
      }
    }

    func stopReading() {
      for task in ahead.values { task.cancel() }
    }
  }
}

extension [[UInt8]] {
  /// The names with a `/` before each.
  var displayed: String { map { "/" + String(decoding: $0, as: UTF8.self) }.joined() }
}
