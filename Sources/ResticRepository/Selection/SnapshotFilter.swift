public import ResticFormat

/// Which snapshots are meant: all that satisfy each list that isn't empty.
public struct SnapshotFilter: Sendable, Equatable {
  /// Of one of these machines.
  public var hosts: [String]
  /// Of all of these absolute paths, and perhaps more.
  public var paths: [String]
  /// With all tags of one of these lists; an empty tag stands for a snapshot without any.
  public var tags: [[String]]

  /// A filter; without lists, it lets all pass.
  public init(hosts: [String] = [], paths: [String] = [], tags: [[String]] = []) {
    self.hosts = hosts
    self.paths = paths
    self.tags = tags
  }

  /// Whether it lets all pass.
  public var isEmpty: Bool { hosts.isEmpty && paths.isEmpty && tags.isEmpty }

  /// Whether it lets a snapshot pass.
  public func matches(_ snapshot: Snapshot) -> Bool {
    (hosts.isEmpty || hosts.contains(snapshot.hostname)) && paths.allSatisfy(snapshot.paths.contains)
      && (tags.isEmpty || tags.contains(where: snapshot.hasTags))
  }
}
