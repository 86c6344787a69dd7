internal import JSON
internal import Schedules
internal import Terminal
internal import TimeZones

/// A slot that is yet to come, with what the clocks do about it.
struct SlotPreview: Sendable, Equatable {
  /// The instant that the cron expression names, in Unix seconds.
  var slot: Int64
  /// When it falls due, after its window has opened and with the policy's jitter.
  var dueAt: Int64
  /// The wall clock in the schedule's zone, and how far that is from UTC in seconds.
  var local: CivilTime
  var offset: Int64
  /// What daylight saving does to it.
  var note: String?

  /// The next slots after `now`; fewer if the expression ends before.
  static func next(_ count: Int, of rules: ScheduleRules, policy: String, after now: Int64) -> [SlotPreview] {
    let zone = rules.timeZone
    var before = now
    return rules.cron.slots(after: now, through: .max, limit: count, in: zone).map { slot in
      defer { before = slot }
      return SlotPreview(
        slot: slot,
        dueAt: rules.decide(policy: policy, since: slot, lastDecided: nil, now: slot - 1).lookAgainAt ?? slot,
        local: zone.civilTime(at: slot), offset: zone.offset(at: slot),
        note: note(slot, before: before, rules.cron, zone))
    }
  }

  private static func note(_ slot: Int64, before: Int64, _ cron: CronExpression, _ zone: TimeZoneRules) -> String? {
    let offset = zone.offset(at: slot)
    let wall = slot + offset
    // Read as UTC, the wall clock's time fits the expression, unless its own time was skipped.
    let isMeant = cron.nextSlot(after: wall - 1, in: .utc) == wall
    if !isMeant { return "the clocks skip its time; this is the moment when they do" }
    if case .ambiguous(let first, _) = zone.instants(of: zone.civilTime(at: slot)) {
      return slot == first
        ? "the clocks show this time twice; this is the first" : "the second time that the clocks show this"
    }
    let shift = offset - zone.offset(at: before)
    if shift == 0 { return nil }
    return "the clocks went \(shift > 0 ? "forward" : "back") by \(coarseText(.seconds(abs(shift)))) before this"
  }

  /// `2026-03-29 03:00 +02:00`.
  var localText: String { String(local.description.prefix(16)) + " " + offsetText }

  /// `2026-03-29T03:00:00+02:00`.
  var localISO: String { local.description.replacing(" ", with: "T") + offsetText }

  private var offsetText: String {
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let minutes = abs(offset) / 60
    return (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
  }

  /// The list of slots of a schedule in `zone`. When they fall due is shown if any waits for a window or has jitter.
  static func listing(zone: String, now: Moment, showsDue: Bool) -> Listing<SlotPreview> {
    var columns: [(column: Table.Column, cell: @Sendable (SlotPreview) -> Table.Cell)] = [
      (.init(zone.uppercased()), { .init($0.localText) }),
      (.init("UTC"), { .init(String(Moment(seconds: $0.slot).text.prefix(16))) }),
      (.init("IN", isRight: true), { .init(coarseText(Moment(seconds: $0.slot) - now)) }),
    ]
    if showsDue { columns.append((.init("FIRES (UTC)"), { .init(Moment(seconds: $0.dueAt).text) })) }
    columns.append((.init("NOTE", isFlexible: true), { .init($0.note ?? "", .yellow) }))
    return Listing(
      nothing: "the schedule has no slots to come", columns: columns,
      name: { Moment(seconds: $0.slot).iso8601 },
      json: { slot in
        [
          "slot": .init(Moment(seconds: slot.slot)), "local": .string(slot.localISO),
          "dueAt": .init(Moment(seconds: slot.dueAt)), "note": .init(slot.note),
        ]
      })
  }
}
