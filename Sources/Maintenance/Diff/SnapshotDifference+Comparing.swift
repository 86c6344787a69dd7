internal import BlobIndex
public import Cryptography
public import ResticFormat
public import ResticRepository
internal import Synchronization

extension SnapshotDifference {
  /// Compares two folders, and tells of each difference in the order of the paths.
  /// - Parameter showsMetadata: whether other metadata alone are a difference.
  /// - Throws: the error of a tree that can't be read.
  public static func compare(
    _ first: BlobID, _ second: BlobID, showsMetadata: Bool = false, _ reader: BlobReader,
    report: (Change) throws -> Void = { _ in }
  ) async throws -> SnapshotDifference {
    var comparison = Comparison(reader: reader, showsMetadata: showsMetadata)
    comparison.before.insert(Comparison.Blob(id: first, type: .tree))
    comparison.after.insert(Comparison.Blob(id: second, type: .tree))
    try await comparison.compare(first, second, report)
    return try await comparison.finished()
  }
}

private struct Comparison {
  struct Blob: Hashable {
    let id: BlobID
    let type: BlobType
  }

  /// Two folders of the same path, or one whose path the other side doesn't have.
  private struct Pair {
    let before: BlobID?
    let after: BlobID?
    let path: String
  }

  /// What is to be done with a pair of entries.
  private struct Step {
    var changes: [SnapshotDifference.Change] = []
    var next: Pair?
  }

  let reader: BlobReader
  let showsMetadata: Bool
  var before: Set<Blob> = []
  var after: Set<Blob> = []
  private var result = SnapshotDifference()
  /// Trees that both sides have at the same path.
  private var common: Set<BlobID> = []

  init(reader: BlobReader, showsMetadata: Bool) {
    self.reader = reader
    self.showsMetadata = showsMetadata
  }

  mutating func compare(
    _ first: BlobID, _ second: BlobID, _ report: (SnapshotDifference.Change) throws -> Void
  ) async throws {
    var open = [try await entries(Pair(before: first, after: second, path: "/"))]
    while let last = open.indices.last {
      guard let (before, after) = open[last].pairs.popFirst() else {
        open.removeLast()
        continue
      }
      let step = step(before, after, open[last].path)
      for change in step.changes { try report(change) }
      guard let next = step.next else { continue }
      try Task.checkCancellation()
      open.append(try await entries(next))
    }
  }

  private func entries(
    _ pair: Pair
  ) async throws -> (path: String, pairs: ArraySlice<(TreeNode?, TreeNode?)>) {
    async let before = nodes(pair.before)
    async let after = nodes(pair.after)
    return (pair.path, joined(try await before, try await after)[...])
  }

  private func nodes(_ tree: BlobID?) async throws -> [TreeNode] {
    guard let tree else { return [] }
    let nodes = try await reader.tree(tree)
    return nodes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Entries of the same name side by side.
  private func joined(_ before: [TreeNode], _ after: [TreeNode]) -> [(TreeNode?, TreeNode?)] {
    var pairs: [(TreeNode?, TreeNode?)] = []
    var (left, right) = (before[...], after[...])
    while let first = left.first ?? right.first {
      let name = right.first.map { $0.name.lexicographicallyPrecedes(first.name) ? $0.name : first.name } ?? first.name
      pairs.append(
        (left.first?.name == name ? left.popFirst() : nil, right.first?.name == name ? right.popFirst() : nil))
    }
    return pairs
  }

  private mutating func step(_ before: TreeNode?, _ after: TreeNode?, _ folder: String) -> Step {
    if let before { note(before, in: &self.before) }
    if let after { note(after, in: &self.after) }
    guard let node = after ?? before else { return Step() }
    let path = folder + String(decoding: node.name, as: UTF8.self) + (node.kind == .dir ? "/" : "")
    guard let before, let after else {
      if before == nil { result.added.count(node) } else { result.removed.count(node) }
      let change = SnapshotDifference.Change(
        marks: before == nil ? "+" : "-", path: path, before: before, after: after)
      let below = node.kind == .dir && node.subtree != nil
      return Step(
        changes: [change], next: below ? Pair(before: before?.subtree, after: after?.subtree, path: path) : nil)
    }
    let marks = marks(before, after)
    if marks.contains("M") { result.changedFiles += 1 }
    var step = Step()
    if !marks.isEmpty {
      step.changes = [SnapshotDifference.Change(marks: marks, path: path, before: before, after: after)]
    }
    guard before.kind == .dir, after.kind == .dir, let first = before.subtree, let second = after.subtree else {
      return step
    }
    if first == second {
      common.insert(first)
    } else {
      step.next = Pair(before: first, after: second, path: path)
    }
    return step
  }

  private func marks(_ before: TreeNode, _ after: TreeNode) -> String {
    var marks = before.kind == after.kind ? "" : "T"
    if before.kind == .file, after.kind == .file, before.content != after.content {
      marks += "M"
      var unchanged = before
      unchanged.content = after.content
      if unchanged == after { marks += "?" }
    } else if showsMetadata, before != after {
      marks += "U"
    }
    return marks
  }

  private func note(_ node: TreeNode, in blobs: inout Set<Blob>) {
    if node.kind == .file {
      for id in node.content { blobs.insert(Blob(id: id, type: .data)) }
    } else if node.kind == .dir, let subtree = node.subtree {
      blobs.insert(Blob(id: subtree, type: .tree))
    }
  }

  /// Takes out of each side what the other, or a folder that both have, needs as well.
  consuming func finished() async throws -> SnapshotDifference {
    let sides = Mutex((before: before.subtracting(after), after: after.subtracting(before)))
    let isEmpty = sides.withLock { $0.before.isEmpty && $0.after.isEmpty }
    if !isEmpty {
      try await TreeWalk(reader).visitEach(from: common) { _, tree in
        let nodes = try tree.get()
        sides.withLock { sides in
          for node in nodes {
            for id in node.content {
              sides.before.remove(Blob(id: id, type: .data))
              sides.after.remove(Blob(id: id, type: .data))
            }
            guard let subtree = node.subtree else { continue }
            sides.before.remove(Blob(id: subtree, type: .tree))
            sides.after.remove(Blob(id: subtree, type: .tree))
          }
        }
      }
    }
    let (before, after) = sides.withLock { $0 }
    var result = result
    try count(before, &result.removed)
    try count(after, &result.added)
    return result
  }

  private func count(_ blobs: Set<Blob>, _ side: inout SnapshotDifference.Side) throws(RepositoryError) {
    for blob in blobs {
      if blob.type == .data { side.dataBlobs += 1 } else { side.treeBlobs += 1 }
      let place = try RepositoryStatistics.place(blob.id, blob.type, reader.index)
      side.bytes += RepositoryStatistics.plaintextLength(place)
    }
  }
}
