internal import ObjectStores
public import ResticFormat
public import ResticRepository

/// Reads all trees that can be reached from some, several at once and each once.
///
/// Memory: 32 bytes and a little for each tree of the repository, and the trees that are being read. Subtrees are visited
/// before siblings, so that few wait.
public struct TreeWalk: Sendable {
  private let reader: BlobReader
  private let concurrency: Int

  /// A walk through what `reader` finds.
  /// - Parameter concurrency: trees that are read at once; nil for what the store and the processors carry.
  public init(_ reader: BlobReader, concurrency: Int? = nil) {
    self.reader = reader
    self.concurrency = max(1, concurrency ?? max(8, reader.repository.store.concurrency))
  }

  /// Calls `visit` with every tree: its entries, or why it can't be read. Several calls run at once, in no order.
  ///
  /// Trees below one that can't be read are not visited through it.
  /// - Parameter roots: where to begin; repetitions are harmless.
  /// - Throws: what `visit` throws, which ends the walk.
  public func visitEach(
    from roots: some Sequence<BlobID>,
    _ visit: @escaping @Sendable (BlobID, Result<[TreeNode], RepositoryError>) async throws -> Void
  ) async throws {
    var known: Set<BlobID> = []
    var waiting = roots.filter { known.insert($0).inserted }
    waiting.reverse()
    try await withThrowingTaskGroup(of: [BlobID].self) { group in
      var running = 0
      while true {
        while running < concurrency, let id = waiting.popLast() {
          group.addTask { [reader] in
            let tree = await Result(of: id, from: reader)
            try await visit(id, tree)
            guard case .success(let nodes) = tree else { return [] }
            return nodes.compactMap(\.subtree)
          }
          running += 1
        }
        guard let subtrees = try await group.next() else { return }
        running -= 1
        for id in subtrees.reversed() where known.insert(id).inserted { waiting.append(id) }
      }
    }
  }
}

extension Result<[TreeNode], RepositoryError> {
  fileprivate init(of id: BlobID, from reader: BlobReader) async {
    do throws(RepositoryError) {
      self = .success(try await reader.tree(id))
    } catch {
      self = .failure(error)
    }
  }
}
