internal import BlobIndex
internal import Concurrency
internal import Cryptography
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// Finds which blobs snapshots rely on, and what is wrong with their trees.
struct UsedBlobs: Sendable {
  private final class Marks: Sendable {
    let used: Mutex<[Bool]>
    let trees = Atomic(0)

    init(count: Int) { used = Mutex([Bool](repeating: false, count: count)) }
  }

  let repository: Repository
  let list: PackList
  let problems: ProblemCollector
  let progress: @Sendable (MaintenanceProgress) -> Void

  /// For each blob number whether it is the first place of a blob that is used.
  ///
  /// What is missing or damaged is a problem; the rest is found all the same.
  /// - Parameter anyPlace: whether a tree that is whole in any of its places is no problem.
  func find(from roots: [BlobID], anyPlace: Bool) async throws -> [Bool] {
    let marks = Marks(count: list.blobs.count)
    let known = roots.filter { mark($0, marks) || complain("a snapshot's tree \($0.hex) is missing") }
    let reader = BlobReader(repository, list.treeIndex(allPlaces: anyPlace))
    try await withTaskExecutorPreference(BlockingPool.shared) {
      try await TreeWalk(reader).visitEach(from: known) { id, tree in
        visit(id, tree, marks)
        let count = marks.trees.add(1, ordering: .relaxed).newValue
        if count % 256 == 0 { progress(MaintenanceProgress(.trees, done: count)) }
      }
    }
    progress(MaintenanceProgress(.trees, done: marks.trees.load(ordering: .relaxed)))
    return marks.used.withLock { $0 }
  }

  private func mark(_ id: BlobID, _ marks: Marks) -> Bool {
    guard let number = list.number(of: id, .tree) else { return false }
    marks.used.withLock { $0[number] = true }
    return true
  }

  /// Always false.
  private func complain(_ what: String) -> Bool {
    problems.add(what)
    return false
  }

  private func visit(_ id: BlobID, _ tree: Result<[TreeNode], RepositoryError>, _ marks: Marks) {
    let nodes: [TreeNode]
    switch tree {
    case .success(let entries): nodes = entries
    // A missing one was reported with the tree above.
    case .failure(let error):
      return list.number(of: id, .tree) == nil ? () : problems.add("tree \(id.hex) can't be read: \(error)")
    }
    var used: [Int] = []
    for node in nodes {
      if node.kind == .dir {
        guard let subtree = node.subtree else {
          problems.add("the folder \(node.printableName) in tree \(id.hex) has no tree")
          continue
        }
        if let number = list.number(of: subtree, .tree) {
          used.append(number)
        } else {
          problems.add("the tree \(subtree.hex) of the folder \(node.printableName) in tree \(id.hex) is missing")
        }
      }
      for blob in node.content {
        if let number = list.number(of: blob, .data) {
          used.append(number)
        } else {
          problems.add("the blob \(blob.hex) of the file \(node.printableName) in tree \(id.hex) is missing")
        }
      }
    }
    marks.used.withLock { marks in for number in used { marks[number] = true } }
  }
}

extension TreeNode {
  /// The name for messages: without what would disturb a terminal.
  fileprivate var printableName: String {
    let text = String(decoding: name, as: UTF8.self)
    return "'" + String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) }) + "'"
  }
}
