internal import Cryptography
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

extension RepositoryStatistics {
  /// Sums each tree once, and adds the sums up for each snapshot.
  static func restoreSize(_ snapshots: [StoredSnapshot], _ reader: BlobReader) async throws -> RepositoryStatistics {
    let trees = Mutex<[BlobID: TreeSum]>([:])
    try await TreeWalk(reader).visitEach(from: snapshots.map(\.snapshot.tree)) { id, tree in
      let sum = TreeSum(try tree.get())
      trees.withLock { $0[id] = sum }
    }
    let sums = trees.withLock { $0 }
    var result = RepositoryStatistics()
    var totals: [BlobID: Total] = [:]
    for snapshot in snapshots {
      try Task.checkCancellation()
      let total = Total(of: snapshot.snapshot.tree, sums, &totals)
      result.totalFileCount &+= total.count
      result.totalSize &+= total.size
      if total.hasLinks { result.totalSize &+= linkedSize(below: snapshot.snapshot.tree, sums, totals) }
    }
    return result
  }

  /// The size of files with several names, each counted once.
  private static func linkedSize(below root: BlobID, _ sums: [BlobID: TreeSum], _ totals: [BlobID: Total]) -> Int {
    var size = 0
    var seen: Set<Inode> = []
    var waiting = [root]
    while let id = waiting.popLast() {
      guard totals[id]?.hasLinks == true, let sum = sums[id] else { continue }
      for link in sum.links where link.inode.number == 0 || seen.insert(link.inode).inserted { size &+= link.size }
      waiting += sum.subtrees
    }
    return size
  }
}

private struct Inode: Hashable {
  let number: UInt64
  let device: UInt64
}

/// What a tree itself holds.
private struct TreeSum: Sendable {
  var count = 0
  var size = 0
  var links: [(inode: Inode, size: Int)] = []
  var subtrees: [BlobID] = []

  init(_ nodes: [TreeNode]) {
    count = nodes.count
    for node in nodes {
      let bytes = Int(clamping: node.size)
      if node.links == 1 || node.kind == .dir {
        size &+= bytes
      } else {
        links.append((Inode(number: node.inode, device: node.deviceID), bytes))
      }
      if let subtree = node.subtree { subtrees.append(subtree) }
    }
  }
}

/// What a tree and all below it hold, without files that have several names.
private struct Total {
  var count = 0
  var size = 0
  var hasLinks = false

  /// Sums trees from the bottom up, each once.
  init(of root: BlobID, _ sums: [BlobID: TreeSum], _ totals: inout [BlobID: Total]) {
    var waiting = [root]
    while let id = waiting.last {
      guard totals[id] == nil, let sum = sums[id] else {
        waiting.removeLast()
        continue
      }
      let missing = sum.subtrees.filter { totals[$0] == nil && sums[$0] != nil }
      guard missing.isEmpty else {
        waiting += missing
        continue
      }
      var total = Total(sum)
      for subtree in sum.subtrees {
        guard let below = totals[subtree] else { continue }
        total.count &+= below.count
        total.size &+= below.size
        total.hasLinks = total.hasLinks || below.hasLinks
      }
      totals[id] = total
      waiting.removeLast()
    }
    self = totals[root] ?? Total()
  }

  private init(_ sum: TreeSum) {
    count = sum.count
    size = sum.size
    hasLinks = !sum.links.isEmpty
  }

  private init() {}
}
