internal import ResticFormat
public import ResticRepository

/// What snapshots of one group have in common; each group is judged apart.
public struct SnapshotGrouping: Sendable, Equatable {
  /// The same machine.
  public var byHost: Bool
  /// The same paths.
  public var byPaths: Bool
  /// The same tags.
  public var byTags: Bool

  /// A grouping; restic's usual is by machine and paths.
  public init(byHost: Bool = true, byPaths: Bool = true, byTags: Bool = false) {
    self.byHost = byHost
    self.byPaths = byPaths
    self.byTags = byTags
  }

  /// The grouping of text like `host,paths`; empty text is one group of all. Nil for words that are none of restic's.
  public init?(_ text: String) {
    self.init(byHost: false, byPaths: false)
    for word in text.split(separator: ",", omittingEmptySubsequences: false) where !text.isEmpty {
      switch word {
      case "host", "hosts": byHost = true
      case "path", "paths": byPaths = true
      case "tag", "tags": byTags = true
      case "": continue
      default: return nil
      }
    }
  }

  /// The snapshots' groups, each with its snapshots in their order.
  public func groups(_ snapshots: [StoredSnapshot]) -> [SnapshotGroup] {
    var groups: [SnapshotGroup] = []
    var places: [SnapshotGroup.Key: Int] = [:]
    for stored in snapshots {
      let snapshot = stored.snapshot
      let key = SnapshotGroup.Key(
        host: byHost ? snapshot.hostname : nil, paths: byPaths ? snapshot.paths.sorted() : nil,
        tags: byTags ? snapshot.tags.sorted() : nil)
      if let place = places[key] {
        groups[place].snapshots.append(stored)
      } else {
        places[key] = groups.count
        groups.append(SnapshotGroup(key: key, snapshots: [stored]))
      }
    }
    return groups
  }
}

/// Snapshots that are judged together.
public struct SnapshotGroup: Sendable, Equatable {
  /// What they have in common; nil for what they were not grouped by.
  public struct Key: Sendable, Hashable, CustomStringConvertible {
    /// The machine.
    public let host: String?
    /// The paths, sorted.
    public let paths: [String]?
    /// The tags, sorted.
    public let tags: [String]?

    /// In words: `host db1, paths [/data]`.
    public var description: String {
      let parts = [
        host.map { "host \($0)" }, paths.map { "paths [\($0.joined(separator: ", "))]" },
        tags.map { "tags [\($0.joined(separator: ", "))]" },
      ]
      let text = parts.compactMap(\.self).joined(separator: ", ")
      return text.isEmpty ? "all snapshots" : text
    }
  }

  /// What they have in common.
  public let key: Key
  /// All of them.
  public internal(set) var snapshots: [StoredSnapshot]
}
