import Glibc

/// The `Retry-After` header: seconds, or a date in any of HTTP's three forms.
public enum RetryAfter {
  /// How long to wait; zero for a date that has passed.
  /// - Parameter now: seconds since 1970, for dates.
  /// - Returns: nil for a value that is neither.
  public static func parse(_ value: String, now: Int64) -> Duration? {
    if let seconds = number(value[...]) { return .seconds(seconds) }
    return httpDate(value).map { .seconds(max(0, $0 - now)) }
  }

  /// The header of `response`, measured by this machine's clock.
  public static func of(_ response: HTTPResponse) -> Duration? {
    response.headers["Retry-After"].flatMap { parse($0, now: Int64(time(nil))) }
  }
}

/// An HTTP date as seconds since 1970; nil if it is none.
///
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`
func httpDate(_ text: String) -> Int64? {
  let words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" })
  switch words.count {
  case 6 where words[5] == "GMT":
    guard var year = number(words[3]) else { return nil }
    // RFC 850 has two digits: those of the last century stay there, as POSIX reads them.
    if words[3].count == 2 { year += year < 69 ? 2000 : 1900 }
    return seconds(year: year, month: words[2], day: words[1], clock: words[4])
  case 5:
    guard let year = number(words[4]) else { return nil }
    return seconds(year: year, month: words[1], day: words[2], clock: words[3])
  default: return nil
  }
}

private let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

private func seconds(year: Int64, month: Substring, day: Substring, clock: Substring) -> Int64? {
  let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map(number)
  guard parts.count == 3, let hour = parts[0], let minute = parts[1], let second = parts[2],
    let month = months.firstIndex(of: String(month)), let day = number(day),
    (1600...9999).contains(year), (1...31).contains(day), hour < 24, minute < 60, second <= 60
  else { return nil }
  return days(year: year, month: Int64(month + 1), day: day) * 86_400 + hour * 3600 + minute * 60 + second
}

/// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that leap days come last.
private func days(year: Int64, month: Int64, day: Int64) -> Int64 {
  let year = month <= 2 ? year - 1 : year
  let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
}

/// Digits only, at most nine of them.
private func number(_ text: Substring) -> Int64? {
  guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
  return Int64(text)
}
