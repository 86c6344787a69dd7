internal import Glibc

/// A length of time for people: `4s`, `3m 12s`, `2h 05m`, `3d 4h`.
func durationText(_ microseconds: Moment) -> String {
  let seconds = max(0, microseconds) / 1_000_000
  func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
  switch seconds {
  case ..<60: return "\(seconds)s"
  case ..<3600: return "\(seconds / 60)m \(twoDigits(seconds % 60))s"
  case ..<86_400: return "\(seconds / 3600)h \(twoDigits(seconds / 60 % 60))m"
  default: return "\(seconds / 86_400)d \(seconds / 3600 % 24)h"
  }
}

/// The local time of day, `12:00:01`.
func timeOfDay(_ moment: Moment) -> String {
  let parts = localTime(moment)
  return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
}

/// The local time, with the day if it is another one than that of `now`.
func timeText(_ moment: Moment, now: Moment) -> String {
  let (parts, today) = (localTime(moment), localTime(now))
  if parts.tm_year == today.tm_year, parts.tm_yday == today.tm_yday { return timeOfDay(moment) }
  func twoDigits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return "\(parts.tm_year + 1900)-\(twoDigits(parts.tm_mon + 1))-\(twoDigits(parts.tm_mday)) \(timeOfDay(moment))"
}

/// The moment in UTC, for programs: `2026-01-31T12:00:00.123456Z`.
func timestampText(_ moment: Moment) -> String {
  let (second, fraction) = moment.quotientAndFloor(1_000_000)
  var time = time_t(second)
  var parts = tm()
  gmtime_r(&time, &parts)
  func digits(_ number: some BinaryInteger, _ width: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
  return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))T"
    + "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2)).\(digits(fraction, 6))Z"
}

/// `1 step`, `3 steps`.
func counted(_ number: Int, _ noun: String) -> String { "\(decimal(number)) \(noun)\(number == 1 ? "" : "s")" }

/// A number with commas between thousands.
func decimal(_ number: Int) -> String {
  let digits = String(number.magnitude)
  var result = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index).isMultiple(of: 3) { result += "," }
    result.append(digit)
  }
  return number < 0 ? "-" + result : result
}

/// `a, b and 3 more`: at most `limit` of the names.
func listed(_ names: [String], limit: Int = 3) -> String {
  if names.count <= limit {
    guard let last = names.last else { return "" }
    return names.count == 1 ? last : names.dropLast().joined(separator: ", ") + " and " + last
  }
  return names.prefix(limit).joined(separator: ", ") + " and \(decimal(names.count - limit)) more"
}

private func localTime(_ moment: Moment) -> tm {
  var time = time_t(moment.quotientAndFloor(1_000_000).0)
  var parts = tm()
  localtime_r(&time, &parts)
  return parts
}

extension Int64 {
  /// Quotient and remainder where the remainder is never negative.
  fileprivate func quotientAndFloor(_ divisor: Int64) -> (Int64, Int64) {
    let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }
}
