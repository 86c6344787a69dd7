internal import Glibc
internal import Terminal

/// A length of time that is still growing: whole seconds, so that a picture changes once a second at most.
func growingText(_ duration: Duration) -> String {
  duration < .seconds(60) ? "\(max(0, duration.components.seconds))s" : durationText(duration)
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
  var time = time_t(moment.microseconds / 1_000_000 - (moment.microseconds % 1_000_000 < 0 ? 1 : 0))
  var parts = tm()
  localtime_r(&time, &parts)
  return parts
}
