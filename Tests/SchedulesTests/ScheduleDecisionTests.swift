import Testing
import TimeZones

@testable import Schedules

@Suite("Schedule decisions")
struct ScheduleDecisionTests {
  func rules(_ cron: String, zone: String = "UTC", _ change: (inout ScheduleRules) throws -> Void = { _ in }) throws
    -> ScheduleRules
  {
    var rules = ScheduleRules(cron: try CronExpression(cron), timeZone: try TimeZoneDatabase.system.zone(named: zone))
    try change(&rules)
    return rules
  }

  /// 2026-06-01 (a Monday) at this time, UTC.
  func at(_ hour: Int, _ minute: Int = 0, _ second: Int = 0, day: Int = 1) -> Int64 {
    CivilTime(2026, 6, day, hour, minute, second).wallSeconds
  }

  @Test("a slot fires when it falls due, and not again")
  func onTime() throws {
    let rules = try rules("0 * * * *")
    let before = rules.decide(policy: "p", since: at(0, 30), lastDecided: nil, now: at(0, 59, 59))
    #expect(before == ScheduleDecision(lookAgainAt: at(1)))
    let due = rules.decide(policy: "p", since: at(0, 30), lastDecided: nil, now: at(1, 0, 5))
    #expect(due.fire == [DueSlot(slot: at(1), fireAt: at(1))] && due.missed == [])
    #expect(due.decidedThrough == at(1) && due.lookAgainAt == at(2))
    #expect(rules.decide(policy: "p", since: at(0, 30), lastDecided: at(1), now: at(1, 0, 9)).fire == [])
    // A clock set back, and a slot right at `since`.
    #expect(rules.decide(policy: "p", since: at(0), lastDecided: at(1), now: at(0)).fire == [])
    #expect(rules.decide(policy: "p", since: at(1), lastDecided: nil, now: at(1)).fire.map(\.slot) == [at(1)])
  }

  @Test(
    "after an outage, by catch-up rule",
    arguments: [
      (ScheduleRules.CatchUp.none, 20, [Int](), [1, 2, 3, 4]), (.latest, 20, [4], [1, 2, 3]),
      (.all, 20, [1, 2, 3, 4], []),
      (.none, 0, [4], [1, 2, 3]), (.latest, 0, [4], [1, 2, 3]), (.all, 0, [1, 2, 3, 4], []),
    ])
  func outage(catchUp: ScheduleRules.CatchUp, minutesLate: Int, fired: [Int], missed: [Int]) throws {
    let rules = try rules("0 * * * *") { $0.catchUp = catchUp }
    let decision = rules.decide(policy: "p", since: at(0, 30), lastDecided: nil, now: at(4, minutesLate, 59))
    #expect(decision.fire.map(\.slot) == fired.map { at($0) })
    #expect(decision.missed == missed.map { MissedSlot(slot: at($0), reason: .late) })
    #expect(decision.decidedThrough == at(4) && decision.lookAgainAt == at(5))
  }

  @Test("catching up on all has a bound")
  func bound() throws {
    let rules = try rules("0 * * * *") {
      $0.catchUp = .all
      $0.catchUpLimit = 2
    }
    let decision = rules.decide(policy: "p", since: at(0, 30), lastDecided: nil, now: at(4, 30))
    #expect(decision.fire.map(\.slot) == [at(3), at(4)] && decision.missed.map(\.slot) == [at(1), at(2)])
  }

  @Test("slots wait for the next window, and collapse unless all are wanted", arguments: ScheduleRules.CatchUp.allCases)
  func windows(catchUp: ScheduleRules.CatchUp) throws {
    let rules = try rules("0 */4 * * *") {
      $0.catchUp = catchUp
      $0.windows = [try ScheduleWindow(days: "mon-fri", from: 22 * 60, to: 6 * 60)]
    }
    let start = at(4)
    let open = rules.decide(policy: "p", since: start, lastDecided: nil, now: at(4))  // Sunday's window is closed
    #expect(open == ScheduleDecision(lookAgainAt: at(22)))
    #expect(rules.decide(policy: "p", since: start, lastDecided: nil, now: at(21, 59, 59)) == open)
    let evening = rules.decide(policy: "p", since: start, lastDecided: nil, now: at(22, 0, 1))
    let waiting = [4, 8, 12, 16, 20].map { at($0) }
    #expect(evening.fire.map(\.slot) == (catchUp == .all ? waiting : [at(20)]))
    #expect(
      evening.missed == (catchUp == .all ? [] : waiting.dropLast().map { MissedSlot(slot: $0, reason: .collapsed) }))
    #expect(evening.lookAgainAt == at(0, day: 2))
    // Nobody was there at night: what is late waits for the window of the next evening.
    let late = rules.decide(policy: "p", since: start, lastDecided: at(20), now: at(9, day: 2))
    #expect(late == ScheduleDecision(decidedThrough: at(20), lookAgainAt: at(22, day: 2)))
    // From Friday night the next window opens on Monday.
    let weekend = rules.decide(policy: "p", since: start, lastDecided: at(4, day: 6), now: at(8, day: 6))
    #expect(weekend.lookAgainAt == at(22, day: 8))
  }

  @Test("a window closes late for what fell due inside it")
  func closing() throws {
    let rules = try rules("59 5 * * *") { $0.windows = [try ScheduleWindow(from: 22 * 60, to: 6 * 60)] }
    let due = rules.decide(policy: "p", since: at(0), lastDecided: nil, now: at(6, 0, 30))
    #expect(due.fire.map(\.slot) == [at(5, 59)])
    let late = rules.decide(policy: "p", since: at(0), lastDecided: nil, now: at(6, 1, 0))
    #expect(late == ScheduleDecision(lookAgainAt: at(22)))
  }

  @Test("windows follow the clock where it changes")
  func windowsAndClocks() throws {
    let berlin = try TimeZoneDatabase.system.zone(named: "Europe/Berlin")
    func span(_ window: ScheduleWindow, from time: CivilTime) -> [String] {
      var finder = WindowFinder(windows: [window], zone: berlin)
      let span = finder.span(from: time.wallSeconds)
      return [berlin.civilTime(at: span.opens).description, "\((span.closes - span.opens) / 60)"]
    }
    let night = try ScheduleWindow(from: 22 * 60, to: 6 * 60)
    #expect(span(night, from: CivilTime(2026, 3, 28, 12)) == ["2026-03-28 22:00:00", "420"])
    #expect(span(night, from: CivilTime(2026, 10, 24, 12)) == ["2026-10-24 22:00:00", "540"])
    let skipped = try ScheduleWindow(from: 2 * 60, to: 3 * 60)
    #expect(span(skipped, from: CivilTime(2026, 3, 28, 12)) == ["2026-03-30 02:00:00", "60"])
    #expect(span(skipped, from: CivilTime(2026, 10, 24, 12)) == ["2026-10-25 02:00:00", "120"])
    // A weekly window of which the clock skips one.
    let weekly = try ScheduleWindow(days: "sun", from: 2 * 60, to: 3 * 60)
    #expect(span(weekly, from: CivilTime(2026, 3, 28, 12)) == ["2026-04-05 02:00:00", "60"])
  }

  @Test("jitter depends on the policy alone and spreads policies evenly")
  func jitter() throws {
    let rules = try rules("0 * * * *") { $0.jitterSeconds = 600 }
    // Fixed for ever: another machine, or a later version, must come to the same.
    #expect(["web", "db", ""].map(rules.jitter) == [67, 206, 3])
    let values = (0..<6000).map { rules.jitter(of: "policy-\($0)") }
    #expect(values.allSatisfy { (0..<600).contains($0) })
    let perMinute = Dictionary(grouping: values) { $0 / 60 }.mapValues(\.count)
    #expect((0..<10).allSatisfy { (480...720).contains(perMinute[$0] ?? 0) }, "\(perMinute)")
    let due = rules.decide(policy: "web", since: at(0, 30), lastDecided: nil, now: at(1, 59))
    #expect(due.fire == [DueSlot(slot: at(1), fireAt: at(1) + rules.jitter(of: "web"))])
  }

  @Test("of a policy that was paused, slots count that still wait for their jitter or their window, and no others")
  func paused() throws {
    let plain = try rules("0 * * * *")
    #expect(plain.firstDue(after: at(4), policy: "web") == at(4) + 1)
    let late = try rules("0 * * * *") { $0.jitterSeconds = 600 }
    let share = late.jitter(of: "web")
    #expect(late.firstDue(after: at(4), policy: "web") == at(4) - share + 1)
    // The slot of 4:00 falls due `share` seconds later.
    #expect(late.firstDue(after: at(4) + share - 1, policy: "web") == at(4))
    #expect(late.firstDue(after: at(4) + share, policy: "web") == at(4) + 1)

    let nightly = try rules("0 */4 * * *") { $0.windows = [try ScheduleWindow(from: 22 * 60, to: 6 * 60)] }
    // By day, what came after the last window waits; at night, what comes now.
    #expect(nightly.firstDue(after: at(12), policy: "web") == at(6))
    #expect(nightly.firstDue(after: at(21, 59, 59), policy: "web") == at(6))
    #expect(nightly.firstDue(after: at(22), policy: "web") == at(22, 0, 1))
    #expect(nightly.firstDue(after: at(2), policy: "web") == at(2, 0, 1))
    for moment in [Int64.min, 0, .max] { _ = nightly.firstDue(after: moment, policy: "web") }

    // What a scheduler makes of it: paused at noon for an hour, the slots since 6:00 run as one at 22:00.
    let since = nightly.firstDue(after: at(13), policy: "web")
    let evening = nightly.decide(policy: "web", since: since, lastDecided: at(4), now: at(22))
    #expect(evening.fire.map(\.slot) == [at(20)] && evening.missed.map(\.slot) == [at(8), at(12), at(16)])
    let over = nightly.firstDue(after: at(23), policy: "web")
    #expect(nightly.decide(policy: "web", since: over, lastDecided: at(4), now: at(23)).fire == [])
  }

  @Test("years of slots are decided in bounded calls", arguments: ScheduleRules.CatchUp.allCases)
  func years(catchUp: ScheduleRules.CatchUp) throws {
    let rules = try rules("*/5 * * * *") {
      $0.catchUp = catchUp
      $0.catchUpLimit = 50
    }
    let now = at(12, 2)  // the last slot is two minutes ago: late
    let start = now - 86400 * 40
    var (fired, missed, last, calls) = ([Int64](), [Int64](), Int64?.none, 0)
    while true {
      let decision = rules.decide(policy: "p", since: start, lastDecided: last, now: now)
      #expect(decision.fire.count + decision.missed.count <= 2100)
      fired += decision.fire.map(\.slot)
      missed += decision.missed.map(\.slot)
      last = decision.decidedThrough
      calls += 1
      if decision.lookAgainAt != now { break }
    }
    let all = rules.cron.slots(after: start - 1, through: now, limit: .max, in: .utc)
    let count = catchUp == .none ? 0 : catchUp == .latest ? 1 : 50
    #expect(calls > 5)
    #expect(fired == Array(all.suffix(count)) && missed == Array(all.dropLast(count)))
  }

  @Test("extreme instants do no harm")
  func extremes() throws {
    let rules = try rules("0 0 1 1 *") { $0.windows = [try ScheduleWindow(from: 0, to: 60)] }
    for since in [Int64.min, 0, .max] {
      for last in [nil, Int64.min, 0, .max] {
        for now in [Int64.min, 0, .max] { _ = rules.decide(policy: "p", since: since, lastDecided: last, now: now) }
      }
    }
  }
}
