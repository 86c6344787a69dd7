internal import ResticFormat
internal import TimeZones

/// Why rules keep points, in sentences. The counting is restic's (`KeepPolicy`), on the clock of a zone.
struct KeepReasons {
  private let rules: KeepRules
  private let now: Snapshot.Moment
  private let zone: TimeZoneRules

  init(_ rules: KeepRules, now: Snapshot.Moment, zone: TimeZoneRules) {
    self.rules = rules
    self.now = now
    self.zone = zone
  }

  /// The reasons by the point's name; a point that no rule keeps is not in it. `points`: newest first.
  func reasons(_ points: [CataloguedPoint]) -> [String: [String]] {
    let names = points.map(\.point.name)
    if rules.keepsAll {
      return Dictionary(names.map { ($0, ["no rule lets it go"]) }, uniquingKeysWith: { $1 })
    }
    let times = points.map { point in
      Snapshot.Moment(
        seconds: point.createdAt.seconds, nanoseconds: point.createdAt.nanoseconds,
        offsetSeconds: Int(zone.offset(at: point.createdAt.seconds)))
    }
    var kept: [String: [String]] = [:]
    for (index, reasons) in rules.policy.reasons(times: times, now: now).enumerated() {
      var sentences = reasons.map { sentence($0, times[index]) }
      if isWithin(times[index]) { sentences.append("younger than \(span(rules.withinSeconds))") }
      if !sentences.isEmpty { kept[names[index]] = sentences }
    }
    return kept
  }

  private func isWithin(_ time: Snapshot.Moment) -> Bool {
    rules.withinSeconds > 0 && Double(now.seconds) - Double(time.seconds) < rules.withinSeconds
  }

  private func sentence(_ reason: KeepPolicy.Reason, _ time: Snapshot.Moment) -> String {
    guard let period = reason.period else { return reason.description }
    let day = time.clock.description.prefix(10)
    let text =
      switch period {
      case .each: "one of the last \(rules.last)"
      case .hour: "hourly of \(time.clock.description.prefix(13)):00"
      case .day: "daily of \(day)"
      case .week: "weekly of \(week(time))"
      case .month: "monthly of \(day.prefix(7))"
      case .year: "yearly of \(time.clock.year)"
      }
    return reason.isOldest ? "the oldest, as long as others are too few: \(text)" : text
  }

  private func week(_ time: Snapshot.Moment) -> String {
    let number = KeepPolicy.Period.week.number(time, 0)
    return "\(number / 100)-W" + (number % 100 < 10 ? "0" : "") + "\(number % 100)"
  }

  /// `36h`, `7d`: in the largest unit that divides it.
  private func span(_ seconds: Double) -> String {
    let whole = Int64(seconds)
    guard Double(whole) == seconds else { return "\(seconds)s" }
    for (size, unit) in [(86_400, "d"), (3600, "h"), (60, "m")] as [(Int64, String)] where whole % size == 0 {
      return "\(whole / size)\(unit)"
    }
    return "\(whole)s"
  }
}
