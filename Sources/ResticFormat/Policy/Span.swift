internal import TimeZones

extension KeepPolicy {
  /// A span of time on the calendar, `1y5m7d2h`: years, months, days and hours.
  public struct Span: Sendable, Hashable, CustomStringConvertible {
    /// Larger numbers are refused.
    private static let limit = 1_000_000

    /// Years.
    public var years: Int
    /// Months.
    public var months: Int
    /// Days.
    public var days: Int
    /// Hours.
    public var hours: Int

    /// A span; without numbers, none.
    public init(years: Int = 0, months: Int = 0, days: Int = 0, hours: Int = 0) {
      self.years = years
      self.months = months
      self.days = days
      self.hours = hours
    }

    /// The span of text like `1y5m7d2h`, in any order; nil for other text.
    public init?(_ text: String) {
      self.init()
      var number: Int?
      var isNegative = false
      for character in text.utf8 {
        switch character {
        case UInt8(ascii: "-") where number == nil && !isNegative: isNegative = true
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          let value = (number ?? 0) * 10 + Int(character - UInt8(ascii: "0"))
          guard value <= Self.limit else { return nil }
          number = value
        default:
          guard let value = number.map({ isNegative ? -$0 : $0 }) else { return nil }
          switch character {
          case UInt8(ascii: "y"): years = value
          case UInt8(ascii: "m"): months = value
          case UInt8(ascii: "d"): days = value
          case UInt8(ascii: "h"): hours = value
          default: return nil
          }
          (number, isNegative) = (nil, false)
        }
      }
      guard number == nil, !isNegative, !text.isEmpty else { return nil }
    }

    /// Whether it is none.
    public var isZero: Bool { self == Span() }

    /// As it is written: `1y5m7d2h`.
    public var description: String {
      [(years, "y"), (months, "m"), (days, "d"), (hours, "h")].filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }.joined()
    }

    /// The moment that lies so far before another, as Go counts: a day that its month does not have runs over.
    func before(_ moment: Snapshot.Moment) -> Snapshot.Moment {
      let clock = moment.clock
      let month = Int64(clock.year * 12 + clock.month - 1 - years * 12 - months)
      let year = month.flooredQuotient(by: 12)
      let day = dayNumber(
        year: Int(year), month: Int(month - year * 12) + 1, day: clock.day - days)
      let second = Int64(clock.hour * 3600 + clock.minute * 60 + clock.second - hours * 3600)
      var result = moment
      result.seconds = day * secondsPerDay + second - Int64(moment.offsetSeconds)
      return result
    }
  }
}
