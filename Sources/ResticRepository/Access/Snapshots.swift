internal import ObjectStores
public import ResticFormat
internal import Synchronization

/// A snapshot with its name.
public struct StoredSnapshot: Sendable, Equatable {
  /// The name of its file.
  public let id: FileID
  /// What it says.
  public let snapshot: Snapshot
}

extension Repository {
  /// One snapshot, as the store has it now.
  public func snapshot(_ id: FileID) async throws(RepositoryError) -> StoredSnapshot {
    let json = try await loadSealed(.snapshot, id)
    let snapshot = try decoding { () throws(FormatError) in try Snapshot(decoding: json) }
    let stored = StoredSnapshot(id: id, snapshot: snapshot)
    knownSnapshots.add(stored)
    return stored
  }

  /// All snapshots, oldest first.
  ///
  /// List them before loading the index: an index that is older may not know what a newer snapshot refers to.
  public func snapshots() async throws -> [StoredSnapshot] {
    let ids = try await list(.snapshot)
    var snapshots = knownSnapshots.all(of: ids)
    let known = Set(snapshots.map(\.id))
    try await withThrowingTaskGroup(of: StoredSnapshot?.self) { group in
      var waiting = ids.filter { !known.contains($0) }[...]
      for _ in 0..<max(1, store.concurrency) {
        guard let id = waiting.popFirst() else { break }
        group.addTask { try await self.snapshotIfThere(id) }
      }
      while let next = try await group.next() {
        if let next { snapshots.append(next) }
        if let id = waiting.popFirst() { group.addTask { try await self.snapshotIfThere(id) } }
      }
    }
    return snapshots.sorted { ($0.snapshot.time, $0.id) < ($1.snapshot.time, $1.id) }
  }

  /// Another process may remove a snapshot between our list and our look at it.
  private func snapshotIfThere(_ id: FileID) async throws(RepositoryError) -> StoredSnapshot? {
    do {
      return try await snapshot(id)
    } catch {
      guard error.kind == .notFound else { throw error }
      return nil
    }
  }

  /// Stores a snapshot: the moment at which a backup exists.
  public func save(_ snapshot: Snapshot) async throws(RepositoryError) -> StoredSnapshot {
    StoredSnapshot(id: try await saveSealed(.snapshot, snapshot.encoded()), snapshot: snapshot)
  }
}

/// Snapshots that were read before: a file never changes, and a process that makes many backups looks at all of them each time.
final class KnownSnapshots: Sendable {
  private let snapshots = Mutex<[FileID: StoredSnapshot]>([:])

  /// So many are kept; about 500 bytes each.
  private static let limit = 100_000

  /// Those of these that are known. Others, which are gone from the store, are forgotten.
  func all(of ids: [FileID]) -> [StoredSnapshot] {
    snapshots.withLock { known in
      let found = ids.compactMap { known[$0] }
      if found.count < known.count {
        known = Dictionary(found.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
      }
      return found
    }
  }

  func add(_ snapshot: StoredSnapshot) {
    snapshots.withLock { known in if known.count < Self.limit { known[snapshot.id] = snapshot } }
  }
}
