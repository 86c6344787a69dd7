/// The rule that holds after a zone's table ends, as TZif files have it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixTimeZone: Sendable, Hashable {
  var standard: TimeZoneRules.LocalTime
  var daylight: Daylight?

  struct Daylight: Sendable, Hashable {
    /// Its offset is less than the standard one in a few zones.
    var local: TimeZoneRules.LocalTime
    var start: YearlyChange
    var end: YearlyChange
  }

  /// A moment that comes once a year.
  struct YearlyChange: Sendable, Hashable {
    enum Day: Sendable, Hashable {
      /// `M3.5.0`: the weekday's n-th day in the month, 5 being the last.
      case nth(week: Int, weekday: Int, month: Int)
      /// `J60`: the day of the year, 1 to 365, February 29 not counted.
      case dayWithoutLeap(Int)
      /// `59`: the day of the year, 0 to 365.
      case dayOfYear(Int)
    }
    var day: Day
    /// Seconds after the day's midnight on the wall clock; may be negative or longer than a day.
    var time: Int64
  }

  /// The period that holds this instant, by this rule alone.
  func period(at instant: Int64) -> TimeZoneRules.Period {
    guard let daylight else { return TimeZoneRules.Period(start: .min, end: .max, local: standard) }
    let year = CivilTime(wallSeconds: instant + standard.offset).year
    // Two years around the instant's own: a change may lie days outside of the year that it belongs to.
    let changes = (year - 2...year + 2).flatMap { year in
      [
        (at: daylight.start.wallSeconds(in: year) - standard.offset, rank: 1, local: daylight.local),
        (at: daylight.end.wallSeconds(in: year) - daylight.local.offset, rank: 0, local: standard),
      ]
    }.sorted { ($0.at, $0.rank) < ($1.at, $1.rank) }  // where one summer time ends as the next begins, it goes on
    let next = changes.firstIndex { $0.at > instant } ?? changes.count - 1
    let current = changes[max(0, next - 1)]
    return TimeZoneRules.Period(start: current.at, end: changes[next].at, local: current.local)
  }
}

extension PosixTimeZone.YearlyChange {
  func wallSeconds(in year: Int) -> Int64 {
    let date: Int64
    switch day {
    case .nth(let week, let weekday, let month):
      let first = dayNumber(year: year, month: month, day: 1)
      let skip = (weekday - TimeZones.weekday(ofDay: first) + 7) % 7
      var day = skip + (week - 1) * 7
      while day >= daysIn(month: month, of: year) { day -= 7 }
      date = first + Int64(day)
    case .dayWithoutLeap(let number):
      let leapDay = isLeap(year) && number >= 60 ? 1 : 0
      date = dayNumber(year: year, month: 1, day: number + leapDay)
    case .dayOfYear(let number):
      date = dayNumber(year: year, month: 1, day: number + 1)
    }
    return date * secondsPerDay + time
  }
}

extension PosixTimeZone {
  /// Parses the text between the footer's line breaks; nil if it is not a TZ rule, or one with an absurd offset.
  init?(_ text: some Sequence<UInt8>) {
    var scanner = PosixScanner(bytes: Array(text))
    guard let name = scanner.name(), let west = scanner.time(hoursThrough: 24) else { return nil }
    self.init(standard: .init(offset: -west, abbreviation: name), daylight: nil)
    if scanner.isAtEnd { return }

    guard let summerName = scanner.name() else { return nil }
    var offset = standard.offset + 3600
    if !scanner.isNext(",") {
      guard let west = scanner.time(hoursThrough: 24) else { return nil }
      offset = -west
    }
    guard let start = scanner.change(), let end = scanner.change(), scanner.isAtEnd else { return nil }
    daylight = Daylight(local: .init(offset: offset, abbreviation: summerName), start: start, end: end)
  }
}

/// Reads the parts of a TZ rule one after the other.
private struct PosixScanner {
  var bytes: [UInt8]
  var position = 0

  var isAtEnd: Bool { position == bytes.count }

  func isNext(_ character: Unicode.Scalar) -> Bool {
    position < bytes.count && bytes[position] == UInt8(ascii: character)
  }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard isNext(character) else { return false }
    position += 1
    return true
  }

  /// An abbreviation: letters, or anything in `<…>`.
  mutating func name() -> String? {
    let start = position
    if skip("<") {
      while position < bytes.count, !isNext(">") { position += 1 }
      return skip(">") ? String(decoding: bytes[(start + 1)..<(position - 1)], as: UTF8.self) : nil
    }
    while position < bytes.count, (bytes[position] | 0x20) >= UInt8(ascii: "a"),
      (bytes[position] | 0x20) <= UInt8(ascii: "z")
    {
      position += 1
    }
    return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
  }

  mutating func number(through limit: Int) -> Int? {
    let start = position
    var value = 0
    while position < bytes.count, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") {
      value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
      guard value <= limit else { return nil }
      position += 1
    }
    return position > start ? value : nil
  }

  /// `[+-]hh[:mm[:ss]]`, in seconds.
  mutating func time(hoursThrough limit: Int) -> Int64? {
    let isNegative = skip("-")
    if !isNegative { _ = skip("+") }
    guard let hours = number(through: limit) else { return nil }
    var seconds = hours * 3600
    for unit in [60, 1] where skip(":") {
      guard let value = number(through: 59) else { return nil }
      seconds += value * unit
    }
    return Int64(isNegative ? -seconds : seconds)
  }

  /// `,day[/time]`.
  mutating func change() -> PosixTimeZone.YearlyChange? {
    guard skip(",") else { return nil }
    let day: PosixTimeZone.YearlyChange.Day
    if skip("M") {
      guard let month = number(through: 12), month >= 1, skip("."), let week = number(through: 5), week >= 1,
        skip("."), let weekday = number(through: 6)
      else { return nil }
      day = .nth(week: week, weekday: weekday, month: month)
    } else if skip("J") {
      guard let number = number(through: 365), number >= 1 else { return nil }
      day = .dayWithoutLeap(number)
    } else {
      guard let number = number(through: 365) else { return nil }
      day = .dayOfYear(number)
    }
    guard skip("/") else { return .init(day: day, time: 2 * 3600) }
    guard let time = time(hoursThrough: 167) else { return nil }
    return .init(day: day, time: time)
  }
}
