public import TimeZones

/// A time of day on some days of the week at which slots may fire.
///
/// It opens and closes when the clock first reaches or passes these times: one that lies in an hour that the clock
/// skips does not open that day, one that ends in an hour that is shown twice ends the first time.
public struct ScheduleWindow: Sendable, Hashable {
  /// The days on which the window opens, as cron's fifth field has them: `mon-fri`.
  public let days: String
  /// Minutes after midnight: 0 to 1439.
  public let from: Int
  /// Minutes after midnight, 1 to 1440; on the next day if this is not after `from`.
  public let to: Int
  /// The window's zone; nil takes the schedule's.
  public let timeZone: TimeZoneRules?
  let weekdays: CronValues

  /// A window of these days and times.
  /// - Throws: `CronError` if the days cannot be read.
  /// - Precondition: `from` is 0 to 1439, `to` is 1 to 1440, and they differ.
  public init(days: String = "*", from: Int, to: Int, timeZone: TimeZoneRules? = nil) throws(CronError) {
    precondition((0..<1440).contains(from) && (1...1440).contains(to) && from != to)
    self.days = days
    self.from = from
    self.to = to
    self.timeZone = timeZone
    weekdays = try CronFieldParser(field: .dayOfWeek, text: Substring(days), column: 1).parse()
  }
}

/// A stretch of time in which slots may fire: `opens` ..< `closes`, Unix seconds.
struct WindowSpan: Equatable {
  var opens: Int64
  var closes: Int64

  /// When a policy of this jitter begins to fire: not all at the moment of opening, but before the window closes.
  func start(jitter: Int64) -> Int64 { min(opens + jitter, closes - 1) }
}

/// Finds the stretches in which slots may fire; remembers the last, because neighbouring slots share it.
struct WindowFinder {
  let windows: [ScheduleWindow]
  let zone: TimeZoneRules
  private var last: (from: Int64, span: WindowSpan)?

  init(windows: [ScheduleWindow], zone: TimeZoneRules) {
    self.windows = windows
    self.zone = zone
  }

  /// The stretch that is open at `instant`, or else the next one.
  ///
  /// Windows that touch or overlap make one stretch. A stretch that has been open for more than a day may be told to
  /// have opened later than it has, one that stays open for two weeks to close earlier than it will.
  mutating func span(from instant: Int64) -> WindowSpan {
    // Not far from where it was found: the end of a stretch that never closes is only where the search ended.
    if let last, last.from <= instant, instant < min(last.span.closes, last.from + 7 * secondsPerDay) {
      return last.span
    }
    let span = search(from: instant)
    last = (instant, span)
    return span
  }

  private func search(from instant: Int64) -> WindowSpan {
    // Two weeks ahead: a weekly window may fall into a gap of the clock once, and then opens a week later.
    let daysAhead: Int64 = 15
    var spans: [WindowSpan] = []
    for window in windows {
      let zone = window.timeZone ?? zone
      let today = (instant + zone.offset(at: instant)).flooredQuotient(by: secondsPerDay)
      for day in today - 2...today + daysAhead where window.weekdays.contains(weekday(ofDay: day)) {
        let lastDay = window.to > window.from ? day : day + 1
        let opens = zone.firstInstant(reaching: day * secondsPerDay + Int64(window.from * 60))
        let closes = zone.firstInstant(reaching: lastDay * secondsPerDay + Int64(window.to * 60))
        if opens < closes { spans.append(WindowSpan(opens: opens, closes: closes)) }
      }
    }
    spans.sort { $0.opens < $1.opens }
    var found: WindowSpan?
    for span in spans {
      if let current = found, span.opens > current.closes {
        if current.closes > instant { break }
        found = span
      } else {
        found = WindowSpan(opens: found?.opens ?? span.opens, closes: max(found?.closes ?? span.closes, span.closes))
      }
    }
    if let found, found.closes > instant { return found }
    let horizon = instant + daysAhead * secondsPerDay
    return WindowSpan(opens: horizon, closes: horizon + 1)
  }
}
