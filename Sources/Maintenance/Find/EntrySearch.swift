public import FileSystem
internal import Cryptography
public import ResticFormat
public import ResticRepository

/// Finds entries of snapshots by name and time.
public struct EntrySearch: Sendable {
  /// What paths have to fit; none fits if there are none.
  public var patterns: PathPatterns
  /// Not changed before this moment.
  public var oldest: TreeNode.Time?
  /// Not changed after this moment.
  public var newest: TreeNode.Time?

  /// A search by patterns.
  public init(_ patterns: PathPatterns, oldest: TreeNode.Time? = nil, newest: TreeNode.Time? = nil) {
    self.patterns = patterns
    self.oldest = oldest
    self.newest = newest
  }

  /// Looks through snapshots, one after the other, and tells of what it finds.
  ///
  /// A folder that had nothing is not looked into again where another snapshot has the same one at the same path: the
  /// cost is that of what differs between the snapshots.
  public func run(
    _ snapshots: [StoredSnapshot], _ reader: BlobReader,
    found: (StoredSnapshot, EntryWalk.Entry) throws -> Void
  ) async throws {
    var barren: Set<SHA256Digest> = []
    for snapshot in snapshots {
      var hits = 0
      // How many had been found when each of the open folders was entered.
      var marks: [Int] = []
      let root = snapshot.snapshot.tree
      guard !barren.contains(place(root, [])) else { continue }
      marks.append(0)
      try await EntryWalk(reader).visitEach(
        below: root,
        leave: { tree, path in
          if let mark = marks.popLast(), mark == hits { barren.insert(place(tree, path)) }
        },
        { entry in
          if matches(entry) {
            hits += 1
            try found(snapshot, entry)
          }
          guard entry.node.kind == .dir, let subtree = entry.node.subtree,
            patterns.matches(entry.path) || patterns.mayMatchBelow(entry.path),
            !barren.contains(place(subtree, entry.path))
          else { return .skip }
          marks.append(hits)
          return .enter
        })
    }
  }

  private func matches(_ entry: EntryWalk.Entry) -> Bool {
    guard patterns.matches(entry.path) else { return false }
    if let oldest, entry.node.modified < oldest { return false }
    if let newest, newest < entry.node.modified { return false }
    return true
  }

  private func place(_ tree: BlobID, _ path: [[UInt8]]) -> SHA256Digest {
    SHA256Digest(of: tree.bytes + path.joined(separator: [0]))
  }
}
