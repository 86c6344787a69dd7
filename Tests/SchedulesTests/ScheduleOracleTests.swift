import JSON
import TestSupport
import Testing
import TimeZones

@testable import Schedules

/// What should become of each slot, found by walking through time minute by minute.
private struct ScheduleOracle {
  let rules: ScheduleRules
  let jitter: Int64

  /// Whether a window is open in each minute around the simulation.
  private let open: [Bool]
  private let first: Int64

  init(rules: ScheduleRules, jitter: Int64, around start: Int64) {
    self.rules = rules
    self.jitter = jitter
    let first = start - start.flooredRemainder(by: 60) - 86400 * 3
    self.first = first
    open = (0..<20 * 1440).map { Self.isOpen(first + $0 * 60, rules) }
  }

  func isOpen(_ instant: Int64) -> Bool { open[Int((instant - first).flooredQuotient(by: 60))] }

  static func isOpen(_ instant: Int64, _ rules: ScheduleRules) -> Bool {
    rules.windows.isEmpty
      || rules.windows.contains { window in
        let zone = window.timeZone ?? rules.timeZone
        let time = zone.civilTime(at: instant)
        let minute = time.hour * 60 + time.minute
        let today = weekday(ofDay: time.wallSeconds.flooredQuotient(by: 86400))
        let crosses = window.to < window.from
        return window.weekdays.contains(today) && window.from <= minute && (crosses || minute < window.to)
          || crosses && window.weekdays.contains((today + 6) % 7) && minute < window.to
      }
  }

  func walk(from instant: Int64, by step: Int64 = 60, until stop: (Int64) -> Bool) -> Int64 {
    var instant = instant
    while !stop(instant) { instant += step }
    return instant
  }

  func fireAt(_ slot: Int64) -> Int64 {
    if rules.windows.isEmpty { return slot + jitter }
    let opens = walk(from: slot, until: isOpen)
    let latest = opens - opens.flooredRemainder(by: 60) + 86400
    let closes = walk(from: opens) { !isOpen($0) || $0 > latest }
    return min(opens + jitter, closes - 1)
  }

  /// Whether backlog may fire: the jitter's share after the opening, and until the grace after the closing.
  func mayFire(_ now: Int64) -> Bool {
    if rules.windows.isEmpty { return true }
    let minute = now - now.flooredRemainder(by: 60)
    func isOpenFor(_ instant: Int64) -> Bool {
      guard isOpen(instant) else { return false }
      let minute = instant - instant.flooredRemainder(by: 60)
      let opened = walk(from: minute, by: -60) { !isOpen($0 - 60) || $0 < instant - 86400 }
      let closes = walk(from: minute) { !isOpen($0) || $0 > instant + 86400 }
      return instant >= min(opened + jitter, closes - 1)
    }
    // The last second of a stretch is open for all, so a stretch that has just closed shows at one of its ends.
    return isOpenFor(now)
      || stride(from: minute, through: now - rules.graceSeconds - 60, by: -60).contains {
        !isOpen($0) && isOpen($0 - 1) && now - $0 < rules.graceSeconds
      }
  }
}

@Suite("Schedule decisions against an oracle")
struct ScheduleOracleTests {
  @Test(
    "each slot is decided once, by the rules, whatever happens to the scheduler", arguments: ["UTC", "Asia/Kolkata"])
  func exactlyOnce(zone: String) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("schedule oracle: \(zone) seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<50 {
      let rules = try randomRules(zone: zone, using: &random)
      try simulate(rules, seed: seed, using: &random)
    }
  }

  private func simulate(_ rules: ScheduleRules, seed: UInt64, using random: inout SplitMix64) throws {
    let policy = "policy-\(Int.random(in: 0..<1000, using: &random))"
    let start = Int64.random(in: 1_700_000_000...1_900_000_000, using: &random)
    let oracle = ScheduleOracle(rules: rules, jitter: rules.jitter(of: policy), around: start)
    let end = start + 86400 * 4
    let slots = rules.cron.slots(after: start - 1, through: end, limit: 100_000, in: rules.timeZone)
    var open = slots.map { DueSlot(slot: $0, fireAt: oracle.fireAt($0)) }[...]
    let label: Comment = "\(rules.json.text) \(policy) since \(start), seed \(seed)"

    var now = start
    var last: Int64?
    while now < end {
      let decision = rules.decide(policy: policy, since: start, lastDecided: last, now: now)
      if Int.random(in: 0..<10, using: &random) > 0 {  // else it died before it could write the decision down
        // What the rules say of the slots that have fallen due.
        let due = open.prefix { $0.fireAt <= now }
        var expected: (fire: [DueSlot], missed: [Int64]) = ([], [])
        if oracle.mayFire(now) {
          let onTime = due.enumerated().filter { index, slot in
            now - slot.fireAt <= rules.graceSeconds && !due.dropFirst(index + 1).contains { $0.fireAt == slot.fireAt }
          }.map(\.element)
          let rest = due.filter { !onTime.contains($0) }
          let made: ArraySlice<DueSlot> =
            switch rules.catchUp {
            case .none: []
            case .latest: onTime.isEmpty ? rest.suffix(1) : []
            case .all: rest.suffix(rules.catchUpLimit)
            }
          expected.fire = (onTime + made).sorted { $0.slot < $1.slot }
          expected.missed = rest.filter { !made.contains($0) }.map(\.slot)
          open = open.dropFirst(due.count)
        }
        guard decision.fire == expected.fire, decision.missed.map(\.slot) == expected.missed else {
          Issue.record("at \(now): \(decision) but \(expected)", sourceLocation: #_sourceLocation)
          Issue.record(label)
          return
        }
        last = decision.decidedThrough ?? last
      }
      let again = try #require(decision.lookAgainAt)
      #expect(again > now, label)
      switch Int.random(in: 0..<12, using: &random) {
      case 0: now += Int64.random(in: 0...86400 * 2, using: &random)  // an outage
      case 1...2: now = max(now, again + Int64.random(in: -100...100, using: &random))
      case 3...4: now += Int64.random(in: 0...300, using: &random)
      default: now = again
      }
    }
  }

  @Test(
    "a scheduler that comes back when told misses nothing, in any zone",
    arguments: ["Europe/Berlin", "Australia/Lord_Howe"])
  func punctual(zone: String) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("punctual scheduler: \(zone) seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<30 {
      var rules = try randomRules(zone: zone, using: &random)
      rules.catchUpLimit = 1000
      let change = rules.timeZone.period(at: .random(in: 1_700_000_000...1_900_000_000, using: &random)).end
      let start = change - 86400 * 2
      let slots = rules.cron.slots(after: start - 1, through: change + 86400, limit: 100_000, in: rules.timeZone)
      var (fired, missed) = ([DueSlot](), [MissedSlot]())
      var (now, last) = (start, Int64?.none)
      while (last ?? 0) < slots.last ?? 0 {
        let decision = rules.decide(policy: "p", since: start, lastDecided: last, now: now)
        #expect(decision.fire.allSatisfy { $0.fireAt == now })
        fired += decision.fire
        missed += decision.missed
        last = decision.decidedThrough
        now = try #require(decision.lookAgainAt)
      }
      #expect(
        (fired.map(\.slot) + missed.map(\.slot)).sorted().prefix(slots.count) == slots[...],
        "\(rules.json.text), seed \(seed)")
      #expect(missed.allSatisfy { $0.reason == .collapsed })
      #expect(rules.catchUp != .all || missed.isEmpty)
    }
  }

  private func randomRules(zone: String, using random: inout SplitMix64) throws -> ScheduleRules {
    let crons = [
      "*/10 * * * *", "0 * * * *", "0 */6 * * *", "30 2 * * *", "17 1,13 * * *", "0 22 * * 1-5", "*/30 20-23 * * *",
      "5 4 * * sun",
    ]
    var rules = ScheduleRules(
      cron: try CronExpression(crons.randomElement(using: &random) ?? ""),
      timeZone: try TimeZoneDatabase.system.zone(named: zone))
    rules.jitterSeconds = [0, 0, 30, 900, 7200].randomElement(using: &random) ?? 0
    rules.graceSeconds = [0, 60, 60, 600].randomElement(using: &random) ?? 0
    rules.catchUp = ScheduleRules.CatchUp.allCases.randomElement(using: &random) ?? .none
    rules.catchUpLimit = [1, 3, 1000].randomElement(using: &random) ?? 1
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      let from = Int.random(in: 0..<1440, using: &random)
      let to = (from + Int.random(in: 1...600, using: &random)) % 1440
      let days = ["*", "*", "mon-fri", "tue,sat", "0-6/2"].randomElement(using: &random) ?? "*"
      rules.windows.append(try ScheduleWindow(days: days, from: from, to: to == 0 ? 1440 : to))
    }
    return rules
  }
}
