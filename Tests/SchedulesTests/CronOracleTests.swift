import TestSupport
import Testing
import TimeZones

@testable import Schedules

/// One minute of real time as a wall clock shows it.
private struct Minute {
  var instant: Int64
  var wall: Int64
  var time: CivilTime
  var weekday: Int
}

/// Slots by walking through time minute by minute: slow, and plain enough to be right.
private struct CronOracle {
  let minutes: [Minute]

  init(zone: TimeZoneRules, from start: Int64, through end: Int64) {
    minutes = stride(from: start, through: end, by: 60).map { instant in
      let wall = instant + zone.offset(at: instant)
      return Self.minute(instant: instant, wall: wall)
    }
  }

  static func minute(instant: Int64, wall: Int64) -> Minute {
    let time = CivilTime(wallSeconds: wall)
    return Minute(instant: instant, wall: wall, time: time, weekday: weekday(ofDay: wall.flooredQuotient(by: 86400)))
  }

  func slots(_ cron: CronExpression) -> [Int64] {
    func fits(_ minute: Minute) -> Bool {
      let byDate = cron.daysOfMonth.contains(minute.time.day)
      let byWeekday = cron.daysOfWeek.contains(minute.weekday)
      return cron.minutes.contains(minute.time.minute) && cron.hours.contains(minute.time.hour)
        && cron.months.contains(minute.time.month) && (cron.needsBothDays ? byDate && byWeekday : byDate || byWeekday)
    }
    if cron.followsElapsedTime { return minutes.filter(fits).map(\.instant) }
    // The furthest that the clock has been: what it shows for the first time now is (furthest, wall].
    var furthest = minutes[0].wall - 60
    var slots: [Int64] = []
    for minute in minutes where minute.wall > furthest {
      let isNew =
        minute.wall == furthest + 60
        ? fits(minute)
        : stride(from: furthest + 60, through: minute.wall, by: 60).contains { fits(Self.minute(instant: 0, wall: $0)) }
      if isNew { slots.append(minute.instant) }
      furthest = minute.wall
    }
    return slots
  }
}

@Suite("Cron slots against an oracle")
struct CronOracleTests {
  static let zones = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kolkata",
    "Africa/Casablanca", "Antarctica/Troll", "Europe/Dublin", "Asia/Gaza", "America/Caracas", "UTC",
  ]

  @Test("thousands of random expressions around changes of clocks", arguments: zones)
  func random(name: String) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("cron oracle: \(name) seed \(seed)")
    var random = SplitMix64(seed: seed)
    let zone = try TimeZoneDatabase.system.zone(named: name)
    // From 1975 on all offsets are whole minutes, which the oracle's steps need.
    let first = CivilTime(1975, 1, 1).wallSeconds
    for round in 0..<14 {
      var middle = Int64.random(in: first...4_200_000_000, using: &random)
      let change = zone.period(at: middle).end
      if round % 8 != 0, change < 5_000_000_000 { middle = change + .random(in: -90000...90000, using: &random) }
      if name == "Pacific/Apia", round == 1 { middle = CivilTime(2011, 12, 30, 10).wallSeconds }
      middle -= middle % 60
      // The oracle starts a day early, so that a clock set back just before does not escape it.
      let (start, end) = (middle - 86400 * 2, middle + 86400 * 2)
      let oracle = CronOracle(zone: zone, from: start - 86400 * 2, through: end)
      for _ in 0..<15 {
        let cron = try randomExpression(near: zone.civilTime(at: middle), using: &random)
        let expected = oracle.slots(cron).filter { $0 > start }
        let slots = cron.slots(after: start, through: end, limit: 10_000, in: zone)
        #expect(slots == expected, "'\(cron)' in \(name) after \(start), seed \(seed)")
        // From any instant, not only from a slot.
        let nearby = Bool.random(using: &random) ? (middle - 90_000)..<(middle + 90_000) : start..<end
        let probe = Int64.random(in: nearby, using: &random)
        let next = cron.nextSlot(after: probe, in: zone)
        #expect(
          next.flatMap { $0 > end ? nil : $0 } == expected.first { $0 > probe },
          "'\(cron)' in \(name) after \(probe), seed \(seed)")
      }
    }
  }

  @Test(
    "a year of a seldom expression", arguments: ["0 2 29 2 *", "30 2 * * sun", "*/20 * 28-31 3,10 0", "0 0 1 1,7 *"])
  func year(text: String) throws {
    let zone = try TimeZoneDatabase.system.zone(named: "Europe/Berlin")
    let (start, end) = (CivilTime(2027, 6, 1).wallSeconds, CivilTime(2028, 6, 1).wallSeconds)
    let cron = try CronExpression(text)
    #expect(
      cron.slots(after: start - 1, through: end, limit: 10_000, in: zone)
        == CronOracle(zone: zone, from: start, through: end).slots(cron))
  }

  /// An expression that has a chance to fire near this time.
  private func randomExpression(near time: CivilTime, using random: inout SplitMix64) throws -> CronExpression {
    func field(_ range: ClosedRange<Int>, near: Int, star: Double) -> String {
      if Double.random(in: 0..<1, using: &random) < star {
        return Bool.random(using: &random) ? "*" : "*/\(Int.random(in: 1...max(1, range.count / 2), using: &random))"
      }
      return (0..<Int.random(in: 1...3, using: &random)).map { _ in
        let low =
          Bool.random(using: &random)
          ? min(max(near + .random(in: -2...2, using: &random), range.lowerBound), range.upperBound)
          : Int.random(in: range, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return "\(low)-\(Int.random(in: low...range.upperBound, using: &random))"
        case 1: return "\(low)-\(range.upperBound)/\(Int.random(in: 1...7, using: &random))"
        default: return "\(low)"
        }
      }.joined(separator: ",")
    }
    while true {
      let text = [
        field(0...59, near: 0, star: 0.3), field(0...23, near: 2, star: 0.3), field(1...31, near: time.day, star: 0.6),
        field(1...12, near: time.month, star: 0.7), field(0...6, near: 0, star: 0.6),
      ].joined(separator: " ")
      if let cron = try? CronExpression(text) { return cron }
    }
  }
}
