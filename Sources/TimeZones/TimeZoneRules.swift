/// A time zone: which offset from UTC holds when.
///
/// Instants are Unix seconds. Instants further from 1970 than thirty million years are taken as that far.
public struct TimeZoneRules: Sendable, Hashable {
  /// The IANA name: `Europe/Berlin`.
  public let name: String
  /// Instants at which the offset may change, strictly ascending.
  let transitions: [Int64]
  /// What holds from each transition on; as many as there are transitions.
  let localTimes: [LocalTime]
  /// What holds before the first transition.
  let initial: LocalTime
  /// What holds from the last transition on; nil keeps the last offset for ever.
  let footer: PosixTimeZone?

  /// UTC, which needs no data.
  public static let utc = TimeZoneRules(
    name: "UTC", transitions: [], localTimes: [], initial: LocalTime(offset: 0, abbreviation: "UTC"), footer: nil)

  /// Seconds east of UTC at this instant.
  public func offset(at instant: Int64) -> Int64 { period(at: instant).offset }

  /// What people there call the offset that holds at this instant: `CEST`, or `+03` where it has no name.
  public func abbreviation(at instant: Int64) -> String { period(at: instant).local.abbreviation }

  /// What a wall clock in this zone shows at this instant.
  public func civilTime(at instant: Int64) -> CivilTime {
    let instant = bounded(instant)
    return CivilTime(wallSeconds: instant + offset(at: instant))
  }

  /// The instants at which a wall clock in this zone shows this date and time.
  public func instants(of time: CivilTime) -> WallInstants {
    let wall = bounded(time.wallSeconds)
    var found: [Int64] = []
    forEachPeriod(from: wall - Self.offsetLimit, through: wall + Self.offsetLimit) { period in
      let instant = wall - period.offset
      if period.contains(instant) { found.append(instant) }
      return true
    }
    guard let first = found.first, let last = found.last else {
      return .skipped(transition: firstInstant(reaching: wall))
    }
    return first == last ? .unique(first) : .ambiguous(first: first, second: last)
  }
}

/// The instants that one wall-clock time stands for.
public enum WallInstants: Sendable, Hashable {
  /// The usual case.
  case unique(Int64)
  /// The clock was set back, and shows this time twice.
  case ambiguous(first: Int64, second: Int64)
  /// The clock was set forward past this time at this instant, and never shows it.
  case skipped(transition: Int64)
}

extension TimeZoneRules {
  /// An offset from UTC, and what it is called.
  package struct LocalTime: Sendable, Hashable {
    /// Seconds east of UTC.
    package var offset: Int64
    /// `CEST`; `+03` where it has no name.
    package var abbreviation: String
  }

  /// A stretch of time with one offset: `start` ..< `end`, without limit where these are Int64's ends.
  package struct Period {
    package var start: Int64
    package var end: Int64
    package var local: LocalTime

    package var offset: Int64 { local.offset }

    package func contains(_ instant: Int64) -> Bool { start <= instant && instant < end }
  }

  /// No offset is larger than this, either way: 26 hours, as the TZif format recommends.
  package static let offsetLimit: Int64 = 26 * 3600

  /// The period that holds this instant.
  package func period(at instant: Int64) -> Period {
    let instant = bounded(instant)
    guard let last = transitions.last else {
      return footer?.period(at: instant) ?? Period(start: .min, end: .max, local: initial)
    }
    if instant >= last {
      guard var period = footer?.period(at: instant) else {
        return Period(start: last, end: .max, local: localTimes.last ?? initial)
      }
      period.start = max(period.start, last)
      return period
    }
    // The first transition after the instant.
    var low = 0
    var high = transitions.count - 1
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] > instant { high = middle } else { low = middle + 1 }
    }
    return low == 0
      ? Period(start: .min, end: transitions[0], local: initial)
      : Period(start: transitions[low - 1], end: transitions[low], local: localTimes[low - 1])
  }

  /// Visits the periods that touch `first` … `last` in their order, until `body` returns false.
  package func forEachPeriod(from first: Int64, through last: Int64, _ body: (Period) -> Bool) {
    var period = period(at: first)
    while body(period), period.end <= last { period = self.period(at: period.end) }
  }

  /// The first instant at which a wall clock in this zone has reached or passed `wall`.
  ///
  /// For a time that is shown twice that is the first time, for one that is skipped the moment of the skip. It
  /// never decreases as `wall` grows.
  package func firstInstant(reaching wall: Int64) -> Int64 {
    let wall = bounded(wall)
    var result = wall + Self.offsetLimit
    forEachPeriod(from: wall - Self.offsetLimit, through: wall + Self.offsetLimit) { period in
      let instant = max(period.start, wall - period.offset)
      if instant < period.end { result = instant }
      return instant >= period.end
    }
    return result
  }

  /// The furthest that a wall clock in this zone has been up to and with this instant, in wall seconds.
  ///
  /// `firstInstant(reaching: wall) <= instant` exactly if `wall <= furthestWall(at: instant)`.
  package func furthestWall(at instant: Int64) -> Int64 {
    let instant = bounded(instant)
    var furthest = Int64.min
    forEachPeriod(from: instant - 2 * Self.offsetLimit, through: instant) { period in
      furthest = max(furthest, min(period.end - 1, instant) + period.offset)
      return true
    }
    return furthest
  }
}

/// Keeps instants where sums of them with offsets cannot overflow.
package func bounded(_ instant: Int64) -> Int64 { min(max(instant, -1_000_000_000_000_000), 1_000_000_000_000_000) }
