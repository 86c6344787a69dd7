import ResticFormat
import RestorePoints
import TestSupport
import Testing
import TimeZones

/// What holds for any points and rules.
@Suite("Retention: what always holds")
struct RetentionPropertyTests {
  private let now = moment("2026-11-29T12:00:00Z")

  /// Points of a few applications over years, in all states that a catalogue can have.
  private func points(_ random: inout SplitMix64) -> [CataloguedPoint] {
    let reach = [3600, 86_400, 40 * 86_400, 1500 * 86_400].randomElement(using: &random) ?? 3600
    return (0..<Int.random(in: 1...60, using: &random)).map { number in
      var point = RestorePoint(
        name: "p\(number)", application: "app\(Int.random(in: 0...1, using: &random))",
        createdAt: Snapshot.Moment(
          seconds: now.seconds - Int64.random(in: 0...Int64(reach), using: &random), nanoseconds: 0),
        consistency: .crash, volumes: [])
      for volume in 0..<Int.random(in: 1...2, using: &random) {
        let form = Int.random(in: 0...4, using: &random)
        point.volumes.append(
          RestorePoint.Volume(
            name: "v\(volume)", driver: "btrfs", snapshot: form != 0 ? "hf-\(number)" : nil,
            export: form != 1 ? exportID(number) : nil))
      }
      func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
      func nearby() -> Snapshot.Moment {
        Snapshot.Moment(seconds: now.seconds + Int64.random(in: -86_400...86_400, using: &random), nanoseconds: 0)
      }
      if chance(5) { point.expiresAt = nearby() }
      if chance(5) { point.lockUntil = nearby() }
      var catalogued = CataloguedPoint(point)
      if chance(5) { catalogued.isPinned = true }
      if chance(5) { catalogued.isAdopted = false }
      if chance(5) { catalogued.heldBy = [17] }
      if chance(10) { catalogued.verifiedOK = chance(50) }
      return catalogued
    }
  }

  private func rules(_ random: inout SplitMix64) -> KeepRules {
    if Int.random(in: 0..<10, using: &random) == 0 { return .all }
    var rules = KeepRules()
    for path in [\KeepRules.last, \.hourly, \.daily, \.weekly, \.monthly, \.yearly]
    where Int.random(in: 0...2, using: &random) == 0 { rules[keyPath: path] = Int.random(in: 1...8, using: &random) }
    if Int.random(in: 0...4, using: &random) == 0 { rules.withinSeconds = Double.random(in: 1...1e7, using: &random) }
    return rules
  }

  private func decide(_ points: [CataloguedPoint], _ snapshots: KeepRules, _ exports: KeepRules) -> [PointDecision] {
    RetentionPlan.decide(points, snapshots: snapshots, exports: exports, now: now, zone: .utc)
  }

  /// What is left when a decision was carried out.
  private func carriedOut(_ decisions: [PointDecision], on points: [CataloguedPoint]) -> [CataloguedPoint] {
    let byName = Dictionary(decisions.map { ($0.point, $0) }, uniquingKeysWith: { $1 })
    return points.compactMap { point in
      guard let decision = byName[point.point.name], !decision.isWhole else { return nil }
      var left = point
      if decision.snapshots.isReleased { left.snapshots = left.snapshots.mapValues { $0 == .exists ? .released : $0 } }
      if decision.exports.isReleased { left.exports = left.exports.mapValues { $0 == .exists ? .released : $0 } }
      return left
    }
  }

  @Test("for any points and rules")
  func properties() {
    var seeds = SplitMix64.announced()
    for _ in 0..<500 { check(seed: seeds.next()) }
  }

  private func check(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let points = points(&random)
    let (snapshots, exports) = (rules(&random), rules(&random))
    let decisions = decide(points, snapshots, exports)
    #expect(decisions.count == points.count)

    // The order in which points come means nothing.
    #expect(decide(points.shuffled(using: &random), snapshots, exports) == decisions, "seed \(seed)")

    // Nothing more goes the second time.
    let left = carriedOut(decisions, on: points)
    let second = decide(left, snapshots, exports)
    #expect(second.allSatisfy { !$0.releasesSomething }, "seed \(seed)")

    // Every application keeps its newest point, and one that can be restored from if it had one.
    for application in Set(points.map(\.point.application)) {
      let before = points.filter { $0.point.application == application }
      let after = left.filter { $0.point.application == application }
      let newest = before.max { $0.point.createdAt < $1.point.createdAt }?.point.createdAt
      #expect(after.contains { $0.point.createdAt == newest }, "seed \(seed)")
      #expect(after.allSatisfy(\.isRestorable) || !before.allSatisfy(\.isRestorable), "seed \(seed)")
      #expect(!before.contains(where: \.isExported) || after.contains(where: \.isExported), "seed \(seed)")
    }

    // More rules keep more.
    var more = exports
    more.daily += Int.random(in: 1...3, using: &random)
    more.withinSeconds += 3600
    if !exports.keepsAll {
      let kept = Set(left.map(\.point.name))
      let keptByMore = Set(carriedOut(decide(points, snapshots, more), on: points).map(\.point.name))
      #expect(kept.isSubset(of: keptByMore), "seed \(seed)")
    }

    // What is protected loses nothing.
    for (point, decision) in zip(
      points.sorted { $0.point.name < $1.point.name }, decisions.sorted { $0.point < $1.point })
    where point.isPinned || !point.isAdopted || !point.heldBy.isEmpty {
      #expect(point.point.name == decision.point && !decision.releasesSomething, "seed \(seed)")
    }
  }
}
