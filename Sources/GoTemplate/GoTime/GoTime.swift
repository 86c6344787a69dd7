internal import Glibc
internal import TimeZones

/// A moment with nanoseconds and the zone to show it in: Go's `time.Time`.
///
/// Go's local zone is UTC here, whatever the machine's is, so that a template gives the same text everywhere.
struct GoTime: Sendable {
  /// The seconds since 1970, within some thirty million years of it.
  let seconds: Int64
  /// 0 ..< 1,000,000,000.
  let nanoseconds: Int
  let zone: Zone

  /// Where the moment is shown.
  enum Zone: Sendable {
    case rules(TimeZoneRules)
    /// Seconds east of UTC, and a name that may be empty.
    case fixed(offset: Int64, name: String)

    static let utc = Zone.rules(.utc)
  }

  init(seconds: Int64, nanoseconds: Int = 0, zone: Zone = .utc) {
    let limit: Int64 = 1_000_000_000_000_000
    self.seconds = min(max(seconds, -limit), limit)
    self.nanoseconds = nanoseconds
    self.zone = zone
  }

  /// The first moment of year 1, Go's zero time.
  static let zero = GoTime(seconds: CivilTime(1, 1, 1).wallSeconds)

  static func now() -> GoTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return GoTime(seconds: Int64(time.tv_sec), nanoseconds: time.tv_nsec)
  }

  /// Seconds east of UTC.
  var offset: Int64 {
    switch zone {
    case .rules(let rules): rules.offset(at: seconds)
    case .fixed(let offset, _): offset
    }
  }

  /// What the zone is called at this moment; empty if only its offset is known.
  var zoneName: String {
    switch zone {
    case .rules(let rules): rules.abbreviation(at: seconds)
    case .fixed(_, let name): name
    }
  }

  /// What a clock in the zone shows.
  var civil: CivilTime { CivilTime(wallSeconds: seconds + offset) }

  /// 0 is Sunday.
  var weekday: Int { TimeZones.weekday(ofDay: (seconds + offset).flooredQuotient(by: secondsPerDay)) }

  /// From 1.
  var dayOfYear: Int {
    let date = civil
    return Int(
      dayNumber(year: date.year, month: date.month, day: date.day) - dayNumber(year: date.year, month: 1, day: 1)) + 1
  }

  func shown(in zone: Zone) -> GoTime { GoTime(seconds: seconds, nanoseconds: nanoseconds, zone: zone) }

  func adding(_ duration: GoDuration) -> GoTime {
    let perSecond: Int64 = 1_000_000_000
    let total = Int64(nanoseconds) + duration.nanoseconds.flooredRemainder(by: perSecond)
    return GoTime(
      seconds: seconds + duration.nanoseconds.flooredQuotient(by: perSecond) + total / perSecond,
      nanoseconds: Int(total % perSecond), zone: zone)
  }

  /// The time from `other` to this; as far as a duration goes, some 292 years.
  func since(_ other: GoTime) -> GoDuration {
    let (whole, overflow) = (seconds - other.seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (total, overflowToo) = whole.addingReportingOverflow(Int64(nanoseconds - other.nanoseconds))
    if overflow || overflowToo { return GoDuration(nanoseconds: seconds < other.seconds ? .min : .max) }
    return GoDuration(nanoseconds: total)
  }

  func isBefore(_ other: GoTime) -> Bool { (seconds, nanoseconds) < (other.seconds, other.nanoseconds) }
}
