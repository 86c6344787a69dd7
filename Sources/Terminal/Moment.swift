internal import Glibc
internal import TimeZones

/// An instant as people and programs read it.
package struct Moment: Sendable, Hashable, Comparable {
  /// Microseconds since 1970.
  package var microseconds: Int64

  /// The instant so many microseconds after 1970 began.
  package init(microseconds: Int64) { self.microseconds = microseconds }

  /// The instant so many seconds after 1970 began.
  package init(seconds: Int64) { microseconds = seconds.multipliedReportingOverflow(by: 1_000_000).partialValue }

  /// This machine's clock.
  package static var now: Moment {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Moment(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// Earlier comes first.
  package static func < (left: Moment, right: Moment) -> Bool { left.microseconds < right.microseconds }

  /// The time from another instant to this one.
  package static func - (left: Moment, right: Moment) -> Duration {
    .microseconds(left.microseconds.subtractingReportingOverflow(right.microseconds).partialValue)
  }

  /// As programs read it (ISO 8601, UTC): `2026-03-29T01:00:00Z`, with milliseconds if it has any.
  package var iso8601: String {
    let second = microseconds.flooredQuotient(by: 1_000_000)
    let millisecond = microseconds.flooredRemainder(by: 1_000_000) / 1000
    let fraction = millisecond == 0 ? "" : "." + String(String(1000 + millisecond).dropFirst())
    return CivilTime(wallSeconds: second).description.replacing(" ", with: "T") + fraction + "Z"
  }

  /// As people read it: `2026-03-29 01:00:00`, in UTC.
  package var text: String { CivilTime(wallSeconds: microseconds.flooredQuotient(by: 1_000_000)).description }

  /// How long before `now`: `3m ago`. An instant that is yet to come is `now`: clocks differ a little.
  package func ago(from now: Moment) -> String {
    let age = now - self
    return age < .seconds(1) ? "now" : coarseText(age) + " ago"
  }

  /// How long after `now`: `in 3m`; `now` if that is over.
  package func ahead(of now: Moment) -> String {
    let wait = self - now
    return wait < .seconds(1) ? "now" : "in " + coarseText(wait)
  }
}

/// A length of time as people read it, exact enough to compare: `85ms`, `4.2s`, `1m12s`, `3h5m`, `2d4h`.
package func durationText(_ duration: Duration) -> String {
  let milliseconds = max(0, wholeMilliseconds(duration))
  if milliseconds < 1000 { return "\(milliseconds)ms" }
  if milliseconds < 10_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100)s" }
  let parts = timeParts(milliseconds / 1000)
  return parts.prefix(2).filter { $0.count > 0 }.map { "\($0.count)\($0.unit)" }.joined()
}

/// A length of time in its largest unit: `42s`, `3m`, `5h`, `2d`.
package func coarseText(_ duration: Duration) -> String {
  let parts = timeParts(max(0, duration.components.seconds))
  return parts.first.map { "\($0.count)\($0.unit)" } ?? "0s"
}

private func wholeMilliseconds(_ duration: Duration) -> Int64 {
  let (seconds, attoseconds) = duration.components
  return seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000
}

/// Days, hours, minutes and seconds from the first that is not zero on.
private func timeParts(_ seconds: Int64) -> [(count: Int64, unit: String)] {
  let all = [
    (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
  ]
  return Array(all.drop { $0.0 == 0 })
}
