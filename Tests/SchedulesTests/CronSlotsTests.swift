import Testing
import TimeZones

@testable import Schedules

@Suite("Cron slots")
struct CronSlotsTests {
  /// The slots of a stretch of days as times of day in the zone, each with its offset from UTC in minutes.
  func slots(_ text: String, _ zone: String, _ start: CivilTime, _ end: CivilTime) throws -> [String] {
    let zone = try TimeZoneDatabase.system.zone(named: zone)
    return try CronExpression(text).slots(
      after: start.wallSeconds - 1, through: end.wallSeconds, limit: 1000, in: zone
    ).map { "\(zone.civilTime(at: $0)) \(zone.offset(at: $0) / 60)" }
  }

  @Test("a fixed hour fires once where clocks change")
  func fixedHour() throws {
    let (march, april) = (CivilTime(2026, 3, 28), CivilTime(2026, 3, 30, 12))
    #expect(
      try slots("30 2 * * *", "Europe/Berlin", march, april)
        == ["2026-03-28 02:30:00 60", "2026-03-29 03:00:00 120", "2026-03-30 02:30:00 120"])
    #expect(
      try slots("*/15 2-3 * * *", "Europe/Berlin", CivilTime(2026, 3, 29), CivilTime(2026, 3, 29, 2))
        == ["03:00", "03:15", "03:30", "03:45"].map { "2026-03-29 \($0):00 120" })
    #expect(
      try slots("*/30 2 * * *", "Europe/Berlin", CivilTime(2026, 10, 24, 12), CivilTime(2026, 10, 25, 12))
        == ["2026-10-25 02:00:00 120", "2026-10-25 02:30:00 120"])
    #expect(
      try slots("15 2 * * *", "Australia/Lord_Howe", CivilTime(2026, 10, 3, 0), CivilTime(2026, 10, 5, 0))
        == ["2026-10-04 02:30:00 660", "2026-10-05 02:15:00 660"])
    #expect(
      try slots("0 2 * * *", "Pacific/Apia", CivilTime(2011, 12, 28, 20), CivilTime(2011, 12, 31))
        == ["2011-12-29 02:00:00 -600", "2011-12-31 00:00:00 840", "2011-12-31 02:00:00 840"])
  }

  @Test("an hour that begins with a star follows elapsed time")
  func wildHour() throws {
    #expect(
      try slots("30 * * * *", "Europe/Berlin", CivilTime(2026, 3, 29), CivilTime(2026, 3, 29, 2))
        == ["2026-03-29 01:30:00 60", "2026-03-29 03:30:00 120"])
    #expect(
      try slots("30 */2 * * *", "Europe/Berlin", CivilTime(2026, 10, 24, 22), CivilTime(2026, 10, 25, 4))
        == ["2026-10-25 00:30:00 120", "2026-10-25 02:30:00 120", "2026-10-25 02:30:00 60", "2026-10-25 04:30:00 60"])
  }

  @Test("days: either field if both are restricted, both if one begins with a star")
  func days() throws {
    func dates(_ text: String) throws -> [String] {
      try slots(text, "UTC", CivilTime(2026, 6, 1), CivilTime(2026, 6, 30)).map { String($0.prefix(10).suffix(2)) }
    }
    #expect(try dates("0 0 13 * fri") == ["05", "12", "13", "19", "26"])
    #expect(try dates("0 0 */10 * mon") == ["01"])
    #expect(try dates("0 0 10-20 * */6") == ["13", "14", "20"])
    #expect(try dates("0 0 15 * *") == ["15"])
  }

  @Test("leap days, once in up to 40 years; ends of the calendar")
  func seldom() throws {
    let leapDay = try CronExpression("0 12 29 2 *")
    #expect(
      leapDay.nextSlot(after: CivilTime(2096, 3, 1).wallSeconds, in: .utc) == CivilTime(2104, 2, 29, 12).wallSeconds)
    let leapSunday = try CronExpression("0 * 29 2 */7")
    let berlin = try TimeZoneDatabase.system.zone(named: "Europe/Berlin")
    #expect(
      leapSunday.nextSlot(after: CivilTime(2088, 3, 1).wallSeconds, in: berlin)
        == CivilTime(2128, 2, 28, 23).wallSeconds)
    #expect(leapDay.nextSlot(after: CivilTime(9999, 3, 1).wallSeconds, in: berlin) == nil)
    #expect(leapDay.nextSlot(after: .max, in: berlin) == nil)
    #expect(
      leapDay.nextSlot(after: .min, in: berlin) == leapDay.nextSlot(after: CivilTime(1, 1, 1).wallSeconds, in: berlin))
  }

  @Test("the next slot of a yearly expression is found fast")
  func speed() throws {
    let berlin = try TimeZoneDatabase.system.zone(named: "Europe/Berlin")
    let cron = try CronExpression("0 0 29 2 *")
    let time = ContinuousClock().measure {
      for year in 2000..<2400 { _ = cron.nextSlot(after: CivilTime(year, 3, 1).wallSeconds, in: berlin) }
    }
    #expect(time < .seconds(30), "400 searches took \(time)")  // minute by minute it would be 800 million steps
  }
}
