extension Function {
  /// Regular expressions. Patterns and texts may be hostile: see `RegexLimits`.
  static let sprigRegex: [Function] =
    [
      // A pattern that is none matches nothing.
      Function("regexMatch", .string, .string) { arguments in
        guard let regex = try? GoRegex(arguments.string(0)) else { return .bool(false) }
        return .bool(try regex.matches(Array(arguments.string(1).utf8)))
      },
      Function("mustRegexMatch", .string, .string) { arguments in
        .bool(try GoRegex(arguments.string(0)).matches(Array(arguments.string(1).utf8)))
      },
      Function("regexQuoteMeta", .string) { .string(GoRegex.quoted($0.string(0))) },
    ]
    + withMust([
      Function("regexFind", .string, .string) { arguments in
        let text = Array(arguments.string(1).utf8)
        return .string(string(text, try GoRegex(arguments.string(0)).first(in: text) ?? 0..<0))
      },
      Function("regexFindAll", .string, .string, .int) { arguments in
        let text = Array(arguments.string(1).utf8)
        let found = try GoRegex(arguments.string(0)).all(in: text, limit: arguments.int(2))
        return try strings(text, found, arguments)
      },
      Function("regexSplit", .string, .string, .int) { arguments in
        let text = Array(arguments.string(1).utf8)
        return try strings(text, try GoRegex(arguments.string(0)).split(text, limit: arguments.int(2)), arguments)
      },
      Function("regexReplaceAll", .string, .string, .string) { try replaced($0, isTemplate: true) },
      Function("regexReplaceAllLiteral", .string, .string, .string) { try replaced($0, isTemplate: false) },
    ])

  private static func replaced(_ arguments: Arguments, isTemplate: Bool) throws -> Value {
    let result = try GoRegex(arguments.string(0)).replacingAll(
      in: Array(arguments.string(1).utf8), with: Array(arguments.string(2).utf8), isTemplate: isTemplate)
    try arguments.checkSize(result.count)
    return .string(String(decoding: result, as: UTF8.self))
  }

  private static func strings(_ text: [UInt8], _ ranges: [Range<Int>], _ arguments: Arguments) throws -> Value {
    try arguments.checkElements(ranges.count)
    return .list(ListValue(ranges.map { .string(string(text, $0)) }, of: .string, isNil: ranges.isEmpty))
  }

  private static func string(_ text: [UInt8], _ range: Range<Int>) -> String {
    String(decoding: text[range], as: UTF8.self)
  }
}
