package import TimeZones

/// Which snapshots of a group are kept, by restic's rules. Whatever one rule keeps is kept.
public struct KeepPolicy: Sendable, Equatable {
  /// A count that is never used up.
  public static let all = -1

  /// How many of the newest are kept.
  public var last = 0
  /// How many hours, days and so on keep the newest snapshot of each.
  public var hourly = 0
  /// How many days.
  public var daily = 0
  /// How many weeks, which begin on Mondays.
  public var weekly = 0
  /// How many months.
  public var monthly = 0
  /// How many years.
  public var yearly = 0
  /// All that are younger than this, seen from the newest.
  public var within = Span()
  /// The newest of each hour within this span.
  public var withinHourly = Span()
  /// The newest of each day within this span.
  public var withinDaily = Span()
  /// The newest of each week within this span.
  public var withinWeekly = Span()
  /// The newest of each month within this span.
  public var withinMonthly = Span()
  /// The newest of each year within this span.
  public var withinYearly = Span()
  /// Lists of tags: whoever has all tags of one is kept, and uses up no count.
  public var tags: [[String]] = []

  /// A policy that keeps nothing.
  public init() {}

  /// Whether there is no rule.
  public var isEmpty: Bool { self == KeepPolicy() }

  /// Judges the snapshots of one group.
  /// - Parameters:
  ///   - snapshots: in any order.
  ///   - now: spans count from the newest snapshot that is not younger than this.
  /// - Returns: for each snapshot, in the same order, why it is kept, in restic's words; nothing for one to be removed.
  public func reasons(_ snapshots: [Snapshot], now: Snapshot.Moment = .now) -> [[String]] {
    zip(snapshots, reasons(times: snapshots.map(\.time), now: now)).map { snapshot, reasons in
      let held = tags.filter { snapshot.hasTags($0) }.map { "has tags [\($0.joined(separator: ", "))]" }
      return held + reasons.map(\.description)
    }
  }

  /// Judges whatever was made at these times, by all rules but those about tags.
  /// - Parameters:
  ///   - times: in any order; each counts on the clock of its own zone.
  ///   - now: spans count from the newest time that is not younger than this.
  /// - Returns: for each time, in the same order, why it is kept; nothing for one to be removed.
  public func reasons(times: [Snapshot.Moment], now: Snapshot.Moment = .now) -> [[Reason]] {
    let newestFirst = times.indices.sorted { times[$0] == times[$1] ? $0 < $1 : times[$0] > times[$1] }
    let start = times.lazy.filter { $0 < now }.max() ?? Snapshot.Moment.beforeAll
    var rules = rules(from: start)
    var reasons = [[Reason]](repeating: [], count: times.count)
    for (position, index) in newestFirst.enumerated() {
      if !within.isZero, times[index] > within.before(start) {
        reasons[index].append(Reason(period: nil, span: within, isOldest: false))
      }
      for rule in rules.indices {
        let reason = rules[rule].reason(times[index], position, isOldest: position == times.count - 1)
        if let reason { reasons[index].append(reason) }
      }
    }
    return reasons
  }

  private func rules(from start: Snapshot.Moment) -> [Rule] {
    func counted(_ count: Int, _ period: Period) -> Rule { Rule(period: period, span: nil, count: count, after: nil) }
    func spanning(_ span: Span, _ period: Period) -> Rule {
      Rule(period: period, span: span, count: span.isZero ? 0 : Self.all, after: span.before(start))
    }
    return [
      counted(last, .each), counted(hourly, .hour), counted(daily, .day), counted(weekly, .week),
      counted(monthly, .month), counted(yearly, .year),
      spanning(withinHourly, .hour), spanning(withinDaily, .day), spanning(withinWeekly, .week),
      spanning(withinMonthly, .month), spanning(withinYearly, .year),
    ]
  }

  /// What a rule keeps the newest of.
  public enum Period: Sendable, Hashable {
    case each, hour, day, week, month, year
  }

  /// Why something is kept; as text, in restic's words.
  public struct Reason: Sendable, Hashable, CustomStringConvertible {
    /// It is the newest of such a period; nil: it is kept for its age alone.
    public let period: Period?
    /// The rule is about what is younger than this; nil: about a number of periods.
    public let span: Span?
    /// It is not the newest of its period, but the oldest of all, and the rule had counts left.
    public let isOldest: Bool

    /// `daily snapshot`, `oldest daily snapshot`, `daily within 7d`, `within 7d`.
    public var description: String {
      guard let period else { return "within \(span ?? Span())" }
      return (isOldest ? "oldest " : "") + "\(period.word) " + (span.map { "within \($0)" } ?? "snapshot")
    }
  }
}

/// Keeps the newest snapshot of each period, as long as its count lasts.
private struct Rule {
  let period: KeepPolicy.Period
  let span: KeepPolicy.Span?
  var count: Int
  /// Older ones are none of its business.
  let after: Snapshot.Moment?
  var lastPeriod: Int?

  init(period: KeepPolicy.Period, span: KeepPolicy.Span?, count: Int, after: Snapshot.Moment?) {
    self.period = period
    self.span = span
    self.count = count
    self.after = after
  }

  /// Why the next older snapshot is kept; nil if it isn't. The oldest of all is, if the count is not used up.
  mutating func reason(_ time: Snapshot.Moment, _ position: Int, isOldest: Bool) -> KeepPolicy.Reason? {
    guard count != 0 else { return nil }
    if let after, !(time > after) { return nil }
    let number = period.number(time, position)
    let isNew = number != lastPeriod
    guard isNew || isOldest else { return nil }
    lastPeriod = number
    if count > 0 { count -= 1 }
    return KeepPolicy.Reason(period: period, span: span, isOldest: !isNew)
  }
}

extension KeepPolicy.Period {
  /// As restic calls a rule about it.
  fileprivate var word: String {
    switch self {
    case .each: "last"
    case .hour: "hourly"
    case .day: "daily"
    case .week: "weekly"
    case .month: "monthly"
    case .year: "yearly"
    }
  }

  /// The period that holds a time on the clock of the time's own zone.
  package func number(_ time: Snapshot.Moment, _ position: Int) -> Int {
    let clock = time.clock
    return switch self {
    case .each: position
    case .hour: ((clock.year * 100 + clock.month) * 100 + clock.day) * 100 + clock.hour
    case .day: (clock.year * 100 + clock.month) * 100 + clock.day
    case .week: isoWeek(clock)
    case .month: clock.year * 100 + clock.month
    case .year: clock.year
    }
  }

  /// ISO 8601's: a week belongs to the year that has its Thursday.
  private func isoWeek(_ clock: CivilTime) -> Int {
    let day = dayNumber(year: clock.year, month: clock.month, day: clock.day)
    let thursday = day - Int64((weekday(ofDay: day) + 6) % 7) + 3
    let year = civilDate(ofDay: thursday).year
    return year * 100 + Int((thursday - dayNumber(year: year, month: 1, day: 1)) / 7) + 1
  }
}

extension Snapshot.Moment {
  /// Go's zero time, which restic counts from if all snapshots are of the future.
  fileprivate static var beforeAll: Self {
    Self(seconds: dayNumber(year: 1, month: 1, day: 1) * secondsPerDay, nanoseconds: 0)
  }

  /// What a clock in its zone shows.
  package var clock: CivilTime { CivilTime(wallSeconds: seconds &+ Int64(offsetSeconds)) }
}

extension Snapshot {
  /// Whether it has all of some tags; an empty tag stands for having none.
  public func hasTags(_ list: [String]) -> Bool {
    for tag in list {
      if tag.isEmpty && tags.isEmpty { return true }
      guard tags.contains(tag) else { return false }
    }
    return true
  }
}
