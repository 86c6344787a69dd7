public import ResticFormat
public import TimeZones

/// Which restore points stay and which go. Pure: it looks at nothing but what it is given.
///
/// Only complete points are judged, so failed runs never count. Each application is judged by itself: its newest point and
/// its last good one always stay, and so does what is pinned or in use. A point that expires stays until then and goes
/// afterwards, and takes no place of a rule. One that was imported and not adopted stays, and takes none either:
/// another installation may remove it.
public enum RetentionPlan {
  /// Decides about the points of a policy.
  /// - Parameters:
  ///   - points: in any order.
  ///   - snapshots: which snapshots are kept.
  ///   - exports: which exports are kept.
  ///   - now: ages and locks count from here.
  ///   - zone: where days begin: the zone of the policy's schedule.
  /// - Returns: a decision for each point that is not retired, newest first.
  public static func decide(
    _ points: [CataloguedPoint], snapshots: KeepRules, exports: KeepRules, now: Snapshot.Moment, zone: TimeZoneRules
  ) -> [PointDecision] {
    var names: Set<String> = []
    let newestFirst = points.filter { $0.state != .retired && names.insert($0.point.name).inserted }
      .sorted { isNewer($0, $1) }
    var byName: [String: PointDecision] = [:]
    for group in Dictionary(grouping: newestFirst, by: \.point.application).values {
      let judge = Judge(group, snapshots: snapshots, exports: exports, now: now, zone: zone)
      for point in group { byName[point.point.name] = judge.decide(point) }
    }
    return newestFirst.compactMap { byName[$0.point.name] }
  }

  private static func isNewer(_ left: CataloguedPoint, _ right: CataloguedPoint) -> Bool {
    left.createdAt == right.createdAt || !(left.createdAt < right.createdAt) && !(right.createdAt < left.createdAt)
      ? left.point.name > right.point.name : left.createdAt > right.createdAt
  }
}

/// Judges the points of one application.
private struct Judge {
  private let now: Snapshot.Moment
  /// Why the rules keep snapshots and exports, by point. What no rule keeps is not in it.
  private let snapshotReasons: [String: [String]]
  private let exportReasons: [String: [String]]
  private let snapshotsGo: String
  private let exportsGo: String
  private let newest: String?
  private let lastGood: String?

  /// `group`: newest first.
  init(
    _ group: [CataloguedPoint], snapshots: KeepRules, exports: KeepRules, now: Snapshot.Moment, zone: TimeZoneRules
  ) {
    self.now = now
    // The others may go whenever another installation wants it.
    let complete = group.filter { $0.state == .complete && $0.isAdopted }
    newest = complete.first?.point.name
    // As last_good_point in sql/functions.
    lastGood =
      (complete.first { $0.isExported && $0.verifiedOK != false }
      ?? complete.first { $0.isRestorable && $0.verifiedOK != false } ?? complete.first)?.point.name
    let ruled = complete.filter { $0.expiresAt == nil }
    snapshotReasons = KeepReasons(snapshots, now: now, zone: zone).reasons(
      ruled.filter(\.hasSnapshots))
    exportReasons = KeepReasons(exports, now: now, zone: zone).reasons(ruled.filter(\.hasExports))
    snapshotsGo = snapshots == .none ? "snapshots are not kept" : "no rule keeps its snapshots"
    exportsGo = exports == .none ? "exports are not kept" : "no rule keeps its exports"
  }

  func decide(_ point: CataloguedPoint) -> PointDecision {
    let hasSnapshots = point.hasSnapshots || point.snapshots.values.contains(.retiring)
    let hasExports = point.hasExports || point.exports.values.contains(.retiring)
    guard point.state == .complete else {
      let going = PointDecision.Verdict.released(point.reason ?? "it is being retired")
      return PointDecision(
        point: point.point.name, snapshots: hasSnapshots ? going : .absent, exports: hasExports ? going : .absent)
    }
    var snapshots = hasSnapshots ? verdict(on: point, snapshotReasons, snapshotsGo) : .absent
    var exports = hasExports ? verdict(on: point, exportReasons, exportsGo) : .absent

    // What can't go whatever the rules say.
    if let until = point.point.lockUntil, until > now, hasExports {
      exports = exports.kept(for: "locked until \(until.minuteText)")
    }
    for reason in [
      point.point.name == lastGood ? "the last good one" : nil, point.point.name == newest ? "the newest" : nil,
    ] {
      guard let reason else { continue }
      if hasExports { exports = exports.kept(for: reason) }
      // Its exports are enough, if all volumes have one.
      if !hasExports || !point.isExported { snapshots = snapshots.kept(for: reason) }
    }
    // Some volumes have only one of the two: it would be torn.
    if !point.isExported, hasExports, exports.isKept, snapshots.isReleased {
      snapshots = .kept(["some of its volumes have no export"])
    }
    if hasSnapshots, snapshots.isKept, exports.isReleased,
      point.point.volumes.contains(where: { point.snapshots[$0.name] != .exists })
    {
      exports = .kept(["some of its volumes have no snapshot"])
    }
    for reason in point.holds {
      if hasSnapshots { snapshots = snapshots.kept(for: reason) }
      if hasExports { exports = exports.kept(for: reason) }
    }
    // What an interrupted run has begun to release can't be had back.
    if hasSnapshots, !point.hasSnapshots { snapshots = .released(snapshotsGo) }
    if hasExports, !point.hasExports { exports = .released(exportsGo) }
    return PointDecision(point: point.point.name, snapshots: snapshots, exports: exports)
  }

  /// What the rules say, or the point's own end.
  private func verdict(
    on point: CataloguedPoint, _ reasons: [String: [String]], _ go: String
  ) -> PointDecision.Verdict {
    if let expires = point.expiresAt {
      return expires > now ? .kept(["until \(expires.minuteText)"]) : .released("it expired at \(expires.minuteText)")
    }
    return reasons[point.point.name].map { .kept($0) } ?? .released(go)
  }
}

extension CataloguedPoint {
  /// Why it stays, whatever the rules say.
  fileprivate var holds: [String] {
    var holds = isPinned ? ["pinned"] : []
    if let importReason { holds.append(importReason) }
    return holds + heldBy.map { "in use by run \($0)" }
  }
  /// Missing ones are judged as if they were there: their filesystem may be mounted again.
  fileprivate var hasSnapshots: Bool { snapshots.values.contains { $0 == .exists || $0 == .missing } }
  /// A point without volumes is what its artifacts stand for.
  fileprivate var hasExports: Bool { point.volumes.isEmpty || exports.values.contains(.exists) }
}

extension PointDecision.Verdict {
  /// The same, but kept; what must stay comes before what the rules say.
  fileprivate func kept(for reason: String) -> Self {
    if case .kept(let reasons) = self { return .kept([reason] + reasons) }
    return .kept([reason])
  }
}

extension Snapshot.Moment {
  /// `2026-11-28 14:00 UTC`.
  fileprivate var minuteText: String {
    let clock = Snapshot.Moment(seconds: seconds, nanoseconds: 0).clock
    return clock.description.prefix(16) + " UTC"
  }
}
