public import Cryptography
public import ObjectStores
public import ResticFormat

/// A folder of a snapshot, or all of it.
public struct SnapshotFolder: Sendable, Equatable {
  /// The snapshot.
  public let snapshot: StoredSnapshot
  /// The folder's tree; the snapshot's root if no folder was named.
  public let tree: BlobID
  /// The folder, without slashes at its ends; empty for the root.
  public let path: String
}

/// Finding snapshots by what people write.
extension Repository {
  /// The snapshots that a filter lets pass, oldest first.
  public func snapshots(_ filter: SnapshotFilter) async throws -> [StoredSnapshot] {
    try await snapshots().filter { filter.matches($0.snapshot) }
  }

  /// The snapshot that `text` names: `latest`, with the filter, or the first digits of its id.
  /// - Throws: `.notFound` if there is none, `.badRequest` if the digits fit several.
  public func snapshot(named text: String, _ filter: SnapshotFilter = SnapshotFilter()) async throws -> StoredSnapshot {
    guard text == "latest" else { return try await snapshot(try await fileID(.snapshot, startingWith: text)) }
    guard let latest = try await snapshots(filter).last else {
      let which = filter.isEmpty ? "" : " that the filters let pass"
      throw RepositoryError(.notFound, "there is no snapshot\(which) in \(store.location)")
    }
    return latest
  }

  /// The folder that `text` names: a snapshot, and after a colon a path in it. `latest:/data/logs`
  /// - Throws: also `.badRequest` if the path is not a folder.
  public func folder(
    named text: String, _ filter: SnapshotFilter = SnapshotFilter(), _ reader: BlobReader
  ) async throws -> SnapshotFolder {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let snapshot = try await snapshot(named: String(parts[0]), filter)
    let names = parts.count < 2 ? [] : parts[1].split(separator: "/").filter { $0 != "." }
    var tree = snapshot.snapshot.tree
    var path = ""
    for name in names {
      path += path.isEmpty ? name : "/" + name
      guard let node = try await reader.tree(tree).first(where: { $0.name.elementsEqual(name.utf8) }) else {
        throw RepositoryError(.notFound, "there is no '\(path)' in snapshot \(snapshot.id.shortHex)")
      }
      guard node.kind == .dir, let subtree = node.subtree else {
        throw RepositoryError(.badRequest, "'\(path)' in snapshot \(snapshot.id.shortHex) is not a folder")
      }
      tree = subtree
    }
    return SnapshotFolder(snapshot: snapshot, tree: tree, path: path)
  }

  /// The one file of a kind whose name begins with `digits`.
  /// - Throws: `.notFound` if there is none, `.badRequest` if there are several.
  public func fileID(_ kind: ObjectKind, startingWith digits: String) async throws(RepositoryError) -> FileID {
    let fitting = digits.isEmpty ? [] : try await list(kind).filter { $0.hex.hasPrefix(digits) }
    guard let first = fitting.first else {
      throw RepositoryError(.notFound, "there is no \(kind.rawValue) '\(digits)' in \(store.location)")
    }
    guard fitting.count == 1 else {
      let some = fitting.sorted().prefix(3).map { $0.hex.prefix(max(8, digits.utf8.count + 2)) }.joined(separator: ", ")
      throw RepositoryError(
        .badRequest,
        "'\(digits)' may mean \(fitting.count) files (\(some)\(fitting.count > 3 ? ", …" : "")); write more digits"
      )
    }
    return first
  }
}
