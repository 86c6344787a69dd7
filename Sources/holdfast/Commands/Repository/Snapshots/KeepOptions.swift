internal import CommandSyntax
internal import Maintenance
internal import ResticFormat

/// The options that say which snapshots are kept, and the policy that they come to.
enum KeepOptions {
  static let last = count("--keep-last", short: "-l", "Keep the newest so many")
  /// `-H` means hours in restic's forget, though hosts elsewhere.
  static let hourly = count("--keep-hourly", short: "-H", "Keep the newest of each of so many hours that have one")
  static let daily = count("--keep-daily", short: "-d", "Of so many days")
  static let weekly = count("--keep-weekly", short: "-w", "Of so many weeks")
  static let monthly = count("--keep-monthly", short: "-m", "Of so many months")
  static let yearly = count("--keep-yearly", short: "-y", "Of so many years")
  static let within = span("--keep-within", "Keep all that are younger than this before the newest")
  static let withinHourly = span("--keep-within-hourly", "Keep the newest of each hour within this")
  static let withinDaily = span("--keep-within-daily", "Of each day")
  static let withinWeekly = span("--keep-within-weekly", "Of each week")
  static let withinMonthly = span("--keep-within-monthly", "Of each month")
  static let withinYearly = span("--keep-within-yearly", "Of each year")
  static let tags = Option<[[String]]>.repeated("--keep-tag", .list("TAG,…"), "Keep all with these tags")

  static let all = [
    last.description, hourly.description, daily.description, weekly.description, monthly.description,
    yearly.description, within.description, withinHourly.description, withinDaily.description,
    withinWeekly.description, withinMonthly.description, withinYearly.description, tags.description,
  ]

  /// What they come to.
  static func policy(_ arguments: ParsedArguments) -> KeepPolicy {
    var policy = KeepPolicy()
    policy.last = arguments[last] ?? 0
    policy.hourly = arguments[hourly] ?? 0
    policy.daily = arguments[daily] ?? 0
    policy.weekly = arguments[weekly] ?? 0
    policy.monthly = arguments[monthly] ?? 0
    policy.yearly = arguments[yearly] ?? 0
    policy.within = arguments[within] ?? .init()
    policy.withinHourly = arguments[withinHourly] ?? .init()
    policy.withinDaily = arguments[withinDaily] ?? .init()
    policy.withinWeekly = arguments[withinWeekly] ?? .init()
    policy.withinMonthly = arguments[withinMonthly] ?? .init()
    policy.withinYearly = arguments[withinYearly] ?? .init()
    policy.tags = arguments[tags]
    return policy
  }

  private static func count(_ name: String, short: String? = nil, _ summary: String) -> Option<Int?> {
    .optional(
      name, short: short,
      ValueType(
        placeholder: "N", expectation: "a whole number from 1 on, or unlimited",
        parse: { $0 == "unlimited" ? KeepPolicy.all : Int($0).flatMap { $0 > 0 ? $0 : nil } }, text: { "\($0)" }),
      summary)
  }

  private static func span(_ name: String, _ summary: String) -> Option<KeepPolicy.Span?> {
    .optional(
      name,
      ValueType(
        placeholder: "DURATION", expectation: "a span such as 7d or 1y5m7d2h",
        parse: { KeepPolicy.Span($0).flatMap { $0.isZero ? nil : $0 } }, text: { $0.description }), summary)
  }
}

extension ValueType where Value == SnapshotGrouping {
  /// `host,paths`, or `-` for nothing.
  static var grouping: Self {
    Self(
      placeholder: "WORDS", expectation: "host, paths and tags with commas between them, or '-'",
      parse: { SnapshotGrouping($0 == "-" ? "" : $0) },
      text: { grouping in
        let words = [(grouping.byHost, "host"), (grouping.byPaths, "paths"), (grouping.byTags, "tags")]
        let chosen = words.filter(\.0).map(\.1)
        return chosen.isEmpty ? "-" : chosen.joined(separator: ",")
      })
  }
}
