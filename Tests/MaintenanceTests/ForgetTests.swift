import Cryptography
import Foundation
import JSON
import Maintenance
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("forget judges as restic does")
struct ForgetTests {
  private static let policies: [(arguments: [String], policy: KeepPolicy)] = {
    func policy(_ change: (inout KeepPolicy) -> Void) -> KeepPolicy {
      var policy = KeepPolicy()
      change(&policy)
      return policy
    }
    return [
      (["--keep-last", "3"], policy { $0.last = 3 }),
      (["--keep-last", "unlimited"], policy { $0.last = KeepPolicy.all }),
      (["--keep-hourly", "4", "--keep-daily", "3"], policy { ($0.hourly, $0.daily) = (4, 3) }),
      (["--keep-daily", "30"], policy { $0.daily = 30 }),
      (["--keep-weekly", "5", "--keep-monthly", "4"], policy { ($0.weekly, $0.monthly) = (5, 4) }),
      (["--keep-weekly", "unlimited"], policy { $0.weekly = KeepPolicy.all }),
      (["--keep-monthly", "7"], policy { $0.monthly = 7 }),
      (["--keep-yearly", "10"], policy { $0.yearly = 10 }),
      (["--keep-within", "1m3d5h"], policy { $0.within = .init(months: 1, days: 3, hours: 5) }),
      (
        ["--keep-within-hourly", "3d", "--keep-within-daily", "2m", "--keep-last", "1"],
        policy {
          $0.withinHourly = .init(days: 3)
          $0.withinDaily = .init(months: 2)
          $0.last = 1
        }
      ),
      (
        ["--keep-within-weekly", "1y", "--keep-within-monthly", "1y6m", "--keep-within-yearly", "75y"],
        policy {
          $0.withinWeekly = .init(years: 1)
          $0.withinMonthly = .init(years: 1, months: 6)
          $0.withinYearly = .init(years: 75)
        }
      ),
      (
        ["--keep-tag", "a,b", "--keep-tag", "c", "--keep-daily", "1"],
        policy {
          $0.tags = [["a", "b"], ["c"]]
          $0.daily = 1
        }
      ),
    ]
  }()

  private static let groupings = ["host,paths", "", "host", "paths,tags", "host,paths,tags"]

  /// Snapshots of 3 years, some of them in bursts and in other zones, two of the future.
  private static func randomSnapshots(_ random: inout SplitMix64) -> [Snapshot] {
    let now = Snapshot.Moment.now.seconds
    var time = now
    return (0..<130).map { number in
      time -=
        [60, 1800, 7200, 86_400, 40 * 86_400].randomElement(using: &random).map {
          Int64.random(in: 1...$0, using: &random)
        } ?? 1
      let place = number < 2 ? now + 86_400 * Int64(number + 1) : time
      var snapshot = Snapshot(
        time: Snapshot.Moment(
          seconds: place, nanoseconds: UInt32.random(in: 0..<1_000_000_000, using: &random),
          offsetSeconds: [0, 0, 3600, -5400, 45_900].randomElement(using: &random) ?? 0),
        tree: SHA256Digest(of: []),
        paths: [["/data"], ["/etc", "/data"], ["/data", "/etc"]].randomElement(using: &random) ?? [])
      snapshot.hostname = Bool.random(using: &random) ? "one" : "two"
      snapshot.tags = ["a", "b", "c"].filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
      return snapshot
    }
  }

  @Test("all rules, over random snapshots, grouped in all ways")
  func rules() async throws {
    guard let restic = TestTools.newRestic.pathOrSkip else { return }
    var random = SplitMix64.announced()
    let place = try RepositoryPlace()
    let repository = try await place.initialize()
    for snapshot in Self.randomSnapshots(&random) { _ = try await repository.save(snapshot) }
    let snapshots = try await repository.snapshots()
    for (number, (arguments, policy)) in Self.policies.enumerated() {
      let grouping = Self.groupings[number % Self.groupings.count]
      let plan = try ForgetPlan(snapshots, policy, grouping: try #require(SnapshotGrouping(grouping)))
      let output = try await place.resticOutput(
        restic, ["forget", "--dry-run", "--json", "--group-by", grouping] + arguments)
      let expected = try Self.verdicts(JSONValue(parsing: output))
      var found: [String: [String]] = [:]
      for group in plan.groups {
        for verdict in group.verdicts { found[verdict.snapshot.id.hex] = verdict.reasons.sorted() }
      }
      #expect(found == expected, "\(arguments) grouped by '\(grouping)'")
      #expect(plan.removed.count + plan.kept.count == snapshots.count)
    }
  }

  /// Snapshot ids with the reasons to keep them, none for what is removed.
  private static func verdicts(_ json: JSONValue) throws -> [String: [String]] {
    var verdicts: [String: [String]] = [:]
    for group in try #require(json.array) {
      for snapshot in group["remove"]?.array ?? [] { verdicts[try #require(snapshot["id"]?.string)] = [] }
      for reason in group["reasons"]?.array ?? [] {
        let id = try #require(reason["snapshot"]?["id"]?.string)
        verdicts[id] = (reason["matches"]?.array ?? []).compactMap(\.string).sorted()
      }
    }
    return verdicts
  }

  @Test("a group never loses everything by chance, nor anything without a rule")
  func refusals() async throws {
    let place = try RepositoryPlace()
    let repository = try await place.initialize()
    var snapshot = Snapshot(time: .now, tree: SHA256Digest(of: []), paths: ["/a"])
    let one = try await repository.save(snapshot)
    snapshot.hostname = "other"
    snapshot.tags = ["keep"]
    let other = try await repository.save(snapshot)
    let all = try await repository.snapshots()
    #expect(throws: RepositoryError.self) { try ForgetPlan(all, KeepPolicy()) }
    var policy = KeepPolicy()
    policy.tags = [["keep"]]
    for mayRemoveAll in [false, true] {
      #expect(throws: RepositoryError.self, "host 'one' has nothing to keep") {
        try ForgetPlan(all, policy, mayRemoveAll: mayRemoveAll)
      }
    }
    #expect(try ForgetPlan(all, KeepPolicy(), mayRemoveAll: true).removed.count == 2)
    let plan = try ForgetPlan(all, policy, grouping: SnapshotGrouping(byHost: false))
    #expect(plan.removed == [one])
    #expect(plan.kept == [other])

    try await repository.withLock(exclusive: true) { lock in try await plan.apply(to: repository, under: lock) }
    #expect(try await repository.snapshots() == [other])
  }

  @Test("spans are read and written as restic does")
  func spans() {
    #expect(KeepPolicy.Span("1y5m7d2h") == .init(years: 1, months: 5, days: 7, hours: 2))
    #expect(KeepPolicy.Span("2h-3d")?.description == "-3d2h")
    for text in ["", "1", "d", "1x", "1d2", "--1d", "1000001d", "99999999999999999999h"] {
      #expect(KeepPolicy.Span(text) == nil)
    }
  }
}
