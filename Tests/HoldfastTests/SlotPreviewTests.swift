import Schedules
import Testing
import TimeZones

@testable import holdfast

@Suite("Slots to come")
struct SlotPreviewTests {
  private func slots(
    _ cron: String, after time: CivilTime, count: Int = 3, jitter: Int64 = 0
  ) throws -> [SlotPreview] {
    let zone = try TimeZoneDatabase.system.zone(named: "Europe/Berlin")
    var rules = ScheduleRules(cron: try CronExpression(cron), timeZone: zone)
    rules.jitterSeconds = jitter
    return SlotPreview.next(count, of: rules, policy: "p", after: time.wallSeconds)
  }

  @Test(
    "daylight saving is noted where it shifts a slot",
    arguments: [
      (
        "30 2 * * *", CivilTime(2026, 3, 28, 12),
        ["2026-03-29 03:00 +02:00", "2026-03-30 02:30 +02:00", "2026-03-31 02:30 +02:00"],
        ["the clocks skip its time; this is the moment when they do", nil, nil]
      ),
      (
        "30 2 * * *", CivilTime(2026, 10, 24, 12),
        ["2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00", "2026-10-27 02:30 +01:00"],
        ["the clocks show this time twice; this is the first", "the clocks went back by 1h before this", nil]
      ),
      (
        "30 * * * *", CivilTime(2026, 10, 25, 0),
        ["2026-10-25 02:30 +02:00", "2026-10-25 02:30 +01:00", "2026-10-25 03:30 +01:00"],
        [
          "the clocks show this time twice; this is the first", "the second time that the clocks show this", nil,
        ]
      ),
      (
        "0 * * * *", CivilTime(2026, 3, 29, 0),
        ["2026-03-29 03:00 +02:00", "2026-03-29 04:00 +02:00", "2026-03-29 05:00 +02:00"],
        ["the clocks went forward by 1h before this", nil, nil]
      ),
    ] as [(String, CivilTime, [String], [String?])])
  func shifts(cron: String, after: CivilTime, times: [String], notes: [String?]) throws {
    let slots = try slots(cron, after: after)
    #expect(slots.map(\.localText) == times)
    #expect(slots.map(\.note) == notes)
  }

  @Test("a slot falls due with the policy's jitter, and has its offset in ISO 8601")
  func due() throws {
    let slot = try slots("0 12 * * *", after: CivilTime(2026, 1, 1), count: 1, jitter: 600)[0]
    #expect(slot.dueAt > slot.slot && slot.dueAt < slot.slot + 600)
    #expect(slot.localISO == "2026-01-01T12:00:00+01:00")
    #expect(try slots("0 12 * * *", after: CivilTime(2026, 1, 1), count: 1)[0].dueAt == slot.slot)
  }
}
