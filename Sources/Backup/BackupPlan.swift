internal import Concurrency
internal import FileSystem
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// What a request comes to: what the snapshot will say, and what is to be walked.
struct BackupPlan: Sendable {
  /// What the snapshot says of paths.
  let paths: [String]
  /// What it says of the host.
  let host: String
  private let request: BackupRequest
  private let tree: SourceTree

  /// - Throws: `BackupProblem` for what makes no sense, or isn't there.
  init(_ request: BackupRequest) throws(BackupProblem) {
    func refuse(_ message: String) -> BackupProblem { BackupProblem(path: [], message: message) }
    let label = request.pathLabel.map { $0.split(separator: "/").map { Array($0.utf8) } }
    if let label {
      guard !label.isEmpty, !label.contains(Array(".".utf8)), !label.contains(Array("..".utf8)) else {
        throw refuse("the path label '\(request.pathLabel ?? "")' names nothing: write it as /namespace/volume")
      }
    }
    self.request = request
    host = request.host ?? Identity.current.hostname
    let labelText = label.map { "/" + $0.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/") }
    switch request.source {
    case .files(let sources):
      guard !sources.isEmpty else { throw refuse("there is nothing to back up: name at least one path") }
      if let label {
        guard sources.count == 1 else { throw refuse("a path label stands for one path, not for \(sources.count)") }
        tree = SourceTree(label: label, entry: .labelled(path: sources[0]))
      } else {
        tree = try SourceTree(paths: sources, excludes: request.excludes)
      }
      paths = labelText.map { [$0] } ?? sources.map(absolutePath).sorted()
    case .image(let path):
      let shown = labelText ?? absolutePath(path)
      paths = [shown]
      guard let names = label ?? Self.names(shown) else { throw refuse("'\(path)' is no image") }
      tree = SourceTree(label: names, entry: .image(path: path))
    case .stream(_, let name):
      let shown = labelText ?? "/" + name
      guard let names = label ?? Self.names(name) else {
        throw refuse("'\(name)' is no name for what is read: write it as dump.sql or /folder/dump.sql")
      }
      paths = [shown.replacing("//", with: "/")]
      tree = SourceTree(label: names, entry: .stream)
    }
  }

  private static func names(_ path: String) -> [[UInt8]]? {
    let names = path.split(separator: "/").map { Array($0.utf8) }
    let isBad = names.isEmpty || names.contains { $0 == Array("..".utf8) || $0 == Array(".".utf8) || $0.contains(0) }
    return isBad ? nil : names
  }

  /// What attempts at the same backup have in common.
  var journalKey: [UInt8] {
    Array(([host, request.frozenAs ?? ""] + paths).joined(separator: "\u{0}").utf8)
  }

  /// The snapshot that tells what did not change; nil for none.
  func parent(in repository: Repository) async throws -> StoredSnapshot? {
    switch request.parent {
    case .none: return nil
    case .snapshot(let id): return try await repository.snapshot(id)
    case .newest:
      let limit = request.time
      return try await repository.snapshots().last { stored in
        stored.snapshot.hostname == host && stored.snapshot.paths.sorted() == paths.sorted()
          && (limit.map { stored.snapshot.time <= $0 } ?? true)
      }
    }
  }

  /// Walks, reads and stores; the tree's id is in the session then.
  func run(_ session: Session, parent: StoredSnapshot?, workers: Int, pool: BlockingPool) async throws {
    var root = TreeNode(name: [], kind: .dir)
    root.subtree = parent?.snapshot.tree
    let path: [[UInt8]] = []
    session.stack.push([.sourceFolder(nil, tree, node: root, known: parent == nil ? nil : root, path: path)])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<workers {
        group.addTask(executorPreference: pool) {
          do {
            try await Worker(session, number: number, pool: pool, workers: workers).run()
          } catch {
            session.stack.fail(error)
            throw error
          }
        }
      }
      try await withTaskCancellationHandler {
        try await group.waitForAll()
      } onCancel: {
        session.stack.fail(CancellationError())
      }
    }
  }
}
