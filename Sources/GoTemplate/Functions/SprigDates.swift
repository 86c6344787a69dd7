internal import TimeZones

extension Function {
  /// Times and durations.
  static let sprigDates: [Function] =
    formatting + [
      Function("now") { _ in .object(GoTime.now()) },
      Function("toDate", .string, .string) { arguments in
        .object((try? GoTime(parsing: arguments.string(1), layout: arguments.string(0))) ?? .zero)
      },
      Function("mustToDate", .string, .string) { arguments in
        .object(try GoTime(parsing: arguments.string(1), layout: arguments.string(0)))
      },
      Function("unixEpoch", .object("time.Time")) { .string(String($0.time(0).seconds)) },
      Function("ago", .any) { .string(GoTime.now().since(moment($0[0])).roundedToSeconds.text) },
      Function("duration", .any) { arguments in
        // Of numbers only int64 counts, as in sprig.
        let seconds =
          switch arguments[0] {
          case .string(let text): Int64(text) ?? 0
          case .int64(let value): value
          default: Int64(0)
          }
        return .string(GoDuration(seconds: seconds).text)
      },
      Function("durationRound", .any) { arguments in
        let duration: GoDuration? =
          switch arguments[0] {
          case .string(let text): GoDuration(parsing: text)
          case .int64(let value): GoDuration(nanoseconds: value)
          case .object(let time as GoTime): GoTime.now().since(time)
          case .object(let duration as GoDuration): duration
          default: nil
          }
        return .string(duration?.roundedToUnit ?? "0s")
      },
    ] + changing

  private static let formatting: [Function] = [
    Function("date", .string, .any) { .string(moment($0[1]).shown(in: .utc).formatted($0.string(0))) },
    Function("htmlDate", .any) { .string(moment($0[0]).shown(in: .utc).formatted("2006-01-02")) },
    Function("htmlDateInZone", .any, .string) {
      .string(moment($0[0]).shown(in: zone($0.string(1))).formatted("2006-01-02"))
    },
    inZone, inZone.named("date_in_zone"),
  ]

  private static let inZone = Function("dateInZone", .string, .any, .string) {
    .string(moment($0[1]).shown(in: zone($0.string(2))).formatted($0.string(0)))
  }

  private static let changing: [Function] = [
    modify, modify.named("date_modify"), mustModify, mustModify.named("must_date_modify"),
  ]

  /// What is no duration changes nothing.
  private static let modify = Function("dateModify", .string, .object("time.Time")) { arguments in
    guard let duration = GoDuration(parsing: arguments.string(0)) else { return arguments[1] }
    return .object(arguments.time(1).adding(duration))
  }

  private static let mustModify = Function("mustDateModify", .string, .object("time.Time")) { arguments in
    guard let duration = GoDuration(parsing: arguments.string(0)) else {
      throw FunctionError("\(quoted(arguments.string(0))) is no duration; write it like '-1h30m'")
    }
    return .object(arguments.time(1).adding(duration))
  }

  /// The moment that a value stands for: a time, or seconds since 1970. Anything else, texts too, is now.
  private static func moment(_ value: Value) -> GoTime {
    switch value {
    case .object(let object): object as? GoTime ?? .now()
    case .int(let seconds): GoTime(seconds: Int64(seconds))
    case .int64(let seconds): GoTime(seconds: seconds)
    default: .now()
    }
  }

  /// The zone of this name; UTC for the local one, and where there is none.
  private static func zone(_ name: String) -> GoTime.Zone {
    if let rules = try? TimeZoneDatabase.system.zoneIfPresent(named: name) { .rules(rules) } else { .utc }
  }
}
