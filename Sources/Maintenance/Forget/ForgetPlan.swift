internal import ObjectStores
public import ResticFormat
public import ResticRepository

/// Which snapshots go, and why the others stay. A value: nothing happens before it is applied.
public struct ForgetPlan: Sendable, Equatable {
  /// What becomes of one snapshot.
  public struct Verdict: Sendable, Equatable {
    /// The snapshot.
    public let snapshot: StoredSnapshot
    /// Why it is kept, in restic's words; empty if it goes.
    public let reasons: [String]

    /// Whether it stays.
    public var isKept: Bool { !reasons.isEmpty }
  }

  /// A group and its verdicts, newest first.
  public struct Group: Sendable, Equatable {
    /// What its snapshots have in common.
    public let key: SnapshotGroup.Key
    /// What becomes of each.
    public let verdicts: [Verdict]
  }

  /// All groups that were judged.
  public let groups: [Group]
  /// What goes.
  public var removed: [StoredSnapshot] { groups.flatMap { $0.verdicts.filter { !$0.isKept }.map(\.snapshot) } }
  /// What stays.
  public var kept: [StoredSnapshot] { groups.flatMap { $0.verdicts.filter(\.isKept).map(\.snapshot) } }

  /// Judges snapshots by a policy.
  /// - Parameters:
  ///   - mayRemoveAll: whether a policy without rules may remove all of them.
  ///   - now: see `KeepPolicy.reasons`.
  /// - Throws: `.badRequest` if the policy has no rule, or has some and would leave nothing of a group: a rule that keeps
  ///   nothing is a mistake, whatever may be removed.
  public init(
    _ snapshots: [StoredSnapshot], _ policy: KeepPolicy, grouping: SnapshotGrouping = SnapshotGrouping(),
    mayRemoveAll: Bool = false, now: Snapshot.Moment = .now
  ) throws(RepositoryError) {
    guard !policy.isEmpty || mayRemoveAll else {
      throw RepositoryError(
        .badRequest, "no rule says what to keep, so no snapshot was removed; give one, such as --keep-last 5")
    }
    var groups: [Group] = []
    for group in grouping.groups(snapshots) {
      let newestFirst = group.snapshots.sorted { ($1.snapshot.time, $1.id) < ($0.snapshot.time, $0.id) }
      let reasons = policy.reasons(newestFirst.map(\.snapshot), now: now)
      let verdicts = zip(newestFirst, reasons).map { Verdict(snapshot: $0, reasons: $1) }
      guard policy.isEmpty || verdicts.contains(where: \.isKept) else {
        throw RepositoryError(
          .badRequest,
          "the rules would leave no snapshot of \(group.key), so none was removed; add a rule, or choose others")
      }
      groups.append(Group(key: group.key, verdicts: verdicts))
    }
    self.groups = groups
  }

  /// A plan to remove these snapshots, whatever they are.
  public init(removing snapshots: [StoredSnapshot]) {
    let verdicts = snapshots.map { Verdict(snapshot: $0, reasons: []) }
    let key = SnapshotGroup.Key(host: nil, paths: nil, tags: nil)
    groups = verdicts.isEmpty ? [] : [Group(key: key, verdicts: verdicts)]
  }

  /// Removes what goes. Their data stay until a prune.
  /// - Parameters:
  ///   - lock: an exclusive one.
  ///   - removed: told after each.
  public func apply(
    to repository: Repository, under lock: RepositoryLock,
    removed report: @Sendable (StoredSnapshot) -> Void = { _ in }
  ) async throws {
    for snapshot in removed {
      try lock.checkHeld()
      try await repository.remove(.snapshot, snapshot.id)
      report(snapshot)
    }
  }
}
