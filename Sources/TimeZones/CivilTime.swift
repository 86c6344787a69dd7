/// A date and time of day as a wall clock shows it, without a zone.
///
/// Arithmetic uses *wall seconds*: the seconds since 1970-01-01 00:00:00 on the same wall clock. The calendar is
/// Gregorian throughout.
public struct CivilTime: Sendable, Hashable, CustomStringConvertible {
  /// Any year; 0 is the one before 1.
  public var year: Int
  /// 1 to 12.
  public var month: Int
  /// 1 to 31.
  public var day: Int
  /// 0 to 23.
  public var hour: Int
  /// 0 to 59.
  public var minute: Int
  /// 0 to 59.
  public var second: Int

  /// The date and time of these numbers, which are not checked.
  public init(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// The date and time that lie `wallSeconds` after 1970-01-01 00:00:00 on the same clock.
  public init(wallSeconds: Int64) {
    let day = wallSeconds.flooredQuotient(by: secondsPerDay)
    let date = civilDate(ofDay: day)
    let rest = Int(wallSeconds - day * secondsPerDay)
    self.init(date.year, date.month, date.day, rest / 3600, rest / 60 % 60, rest % 60)
  }

  /// The seconds since 1970-01-01 00:00:00 on the same clock. Members beyond their range carry over, except the month.
  public var wallSeconds: Int64 {
    dayNumber(year: year, month: month, day: day) * secondsPerDay + Int64(hour * 3600 + minute * 60 + second)
  }

  /// `2026-03-29 02:30:00`.
  public var description: String {
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)):\(two(second))"
  }
}

package let secondsPerDay: Int64 = 86_400

/// The days from 1970-01-01 to this date. `month` is 1 to 12; `day` may lie outside of its month.
///
/// Years are counted from March, so that the leap day is a year's last and months have a regular length.
package func dayNumber(year: Int, month: Int, day: Int) -> Int64 {
  let marchYear = Int64(month < 3 ? year - 1 : year)
  let marchMonth = Int64((month + 9) % 12)
  let cycle = marchYear.flooredQuotient(by: 400)
  let yearOfCycle = marchYear - cycle * 400
  let daysBefore = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + (marchMonth * 153 + 2) / 5
  return cycle * daysPer400Years + daysBefore + Int64(day) - 1 - dayOf1970FromMarchOfYear0
}

/// The date that lies `day` days after 1970-01-01.
package func civilDate(ofDay day: Int64) -> (year: Int, month: Int, day: Int) {
  let shifted = day + dayOf1970FromMarchOfYear0
  let cycle = shifted.flooredQuotient(by: daysPer400Years)
  let dayOfCycle = shifted - cycle * daysPer400Years
  // Takes out the leap days passed so far, so that what is left has years of 365 days.
  let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36524 - dayOfCycle / 146_096) / 365
  let dayOfYear = dayOfCycle - (yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100)
  let marchMonth = (dayOfYear * 5 + 2) / 153
  let month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
  let year = Int(cycle * 400 + yearOfCycle) + (month < 3 ? 1 : 0)
  return (year, month, Int(dayOfYear - (marchMonth * 153 + 2) / 5) + 1)
}

/// The weekday of the day number `day`: 0 is Sunday.
package func weekday(ofDay day: Int64) -> Int {
  let thursday: Int64 = 4  // 1970-01-01
  return Int((day + thursday).flooredRemainder(by: 7))
}

package func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

/// The number of days in `month`, 1 to 12.
package func daysIn(month: Int, of year: Int) -> Int {
  switch month {
  case 2: isLeap(year) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

private let daysPer400Years: Int64 = 146_097
private let dayOf1970FromMarchOfYear0: Int64 = 719_468

extension Int64 {
  /// Division that rounds towards minus infinity, so that times before 1970 work as those after.
  package func flooredQuotient(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }

  /// What `flooredQuotient` leaves: 0 ..< divisor.
  package func flooredRemainder(by divisor: Int64) -> Int64 { self - flooredQuotient(by: divisor) * divisor }
}
