public import TimeZones

extension CronExpression {
  /// The first slot after `instant` (Unix seconds) in this zone; nil if there is none before the year 10000.
  ///
  /// Where clocks change, as Vixie cron has it:
  /// - With a fixed hour, each time of day has one slot: at the first instant at which the clock reaches or passes it. A
  ///   time that is skipped has its slot at the moment of the skip (one slot, however many times fall on it), a time
  ///   that is shown twice the first time only.
  /// - With an hour that begins with `*`, slots follow elapsed time: a time that is shown twice has both, one that
  ///   is skipped has none.
  ///
  /// So `nextSlot` of a slot is always later, and walking from slot to slot misses none.
  public func nextSlot(after instant: Int64, in zone: TimeZoneRules) -> Int64? {
    guard instant < lastWall else { return nil }
    let instant = max(instant, firstWall)
    if !followsElapsedTime {
      return firstMatch(from: zone.furthestWall(at: instant) + 1).map(zone.firstInstant(reaching:))
    }
    var period = zone.period(at: instant)
    var earliest = instant + 1
    while true {
      guard let wall = firstMatch(from: earliest + period.offset) else { return nil }
      let slot = wall - period.offset
      if slot < period.end { return slot }
      earliest = period.end
      period = zone.period(at: earliest)
    }
  }

  /// The first slots after `start` up to and with `end`, ascending; at most `limit`.
  public func slots(after start: Int64, through end: Int64, limit: Int, in zone: TimeZoneRules) -> [Int64] {
    var slots: [Int64] = []
    var last = start
    while slots.count < limit, let slot = nextSlot(after: last, in: zone), slot <= end {
      slots.append(slot)
      last = slot
    }
    return slots
  }

  /// The first time from `wall` on that fits all fields, both in wall seconds; nil if there is none before year 10000.
  func firstMatch(from wall: Int64) -> Int64? {
    var day = wall.flooredQuotient(by: secondsPerDay)
    var minuteOfDay = Int((wall - day * secondsPerDay + 59) / 60)
    let date = civilDate(ofDay: day)
    if fits(month: date.month, day: date.day, weekday: weekday(ofDay: day)), let minute = firstMinute(from: minuteOfDay)
    {
      return day * secondsPerDay + Int64(minute * 60)
    }
    guard let next = firstDay(from: day + 1) else { return nil }
    day = next
    minuteOfDay = firstMinute(from: 0) ?? 0
    return day * secondsPerDay + Int64(minuteOfDay * 60)
  }

  /// The first minute of a day from `minuteOfDay` on that fits hour and minute.
  private func firstMinute(from minuteOfDay: Int) -> Int? {
    let (hour, minute) = minuteOfDay.quotientAndRemainder(dividingBy: 60)
    if hour < 24, hours.contains(hour), let next = minutes.first(from: minute) { return hour * 60 + next }
    guard let nextHour = hours.first(from: hour + 1), let first = minutes.first(from: 0) else { return nil }
    return nextHour * 60 + first
  }

  /// The first day from `day` on that fits, by months rather than days where a month does not fit.
  private func firstDay(from day: Int64) -> Int64? {
    var (year, month, first) = civilDate(ofDay: day)
    while year <= 9999 {
      if months.contains(month) {
        let start = dayNumber(year: year, month: month, day: 1)
        for candidate in first...daysIn(month: month, of: year) {
          let number = start + Int64(candidate - 1)
          if fits(month: month, day: candidate, weekday: weekday(ofDay: number)) { return number }
        }
      }
      first = 1
      month += 1
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    return nil
  }
}

/// The years 1 to 9999: slots are looked for in these only.
private let firstWall = CivilTime(1, 1, 1).wallSeconds
private let lastWall = CivilTime(9999, 12, 31, 23, 59, 59).wallSeconds
