extension Function {
  /// Between texts and lists of them.
  static let sprigSplitting: [Function] = [
    Function("splitList", .string, .string) { arguments in
      .strings(try split(arguments.string(1), at: arguments.string(0), into: -1, arguments))
    },
    Function("split", .string, .string) { arguments in
      numbered(try split(arguments.string(1), at: arguments.string(0), into: -1, arguments))
    },
    Function("splitn", .string, .int, .string) { arguments in
      numbered(try split(arguments.string(2), at: arguments.string(0), into: arguments.int(1), arguments))
    },
    Function("join", .string, .any) { arguments in
      let (separator, parts) = (arguments.string(0), arguments[1].sprigStrings)
      let separators = parts.count.multipliedOrMax(by: separator.utf8.count)
      let size = parts.reduce(separators) { $0.addedOrMax($1.utf8.count) }
      try arguments.checkSize(size)
      return .string(parts.joined(separator: separator))
    },
    Function("sortAlpha", .any) { .strings($0[0].sprigStrings.sorted(by: isInByteOrder)) },
    Function("toString", .any) { .string($0[0].sprigText) },
    Function("toStrings", .any) { .strings($0[0].sprigStrings) },
  ]

  /// At most `limit` pieces, all if it is negative; without a separator, one for each scalar.
  private static func split(
    _ text: String, at separator: String, into limit: Int, _ arguments: Arguments
  ) throws -> [String] {
    if limit == 0 { return [] }
    let most = limit < 0 ? Int.max : limit - 1
    var found = positions(of: separator, in: text, limit: min(most, SprigLimits.listElements + 1))
    if separator.isEmpty {
      // Neither before the first scalar nor after the last.
      found = positions(of: "", in: text, limit: most < .max ? min(most + 1, SprigLimits.listElements + 1) : .max)
      found.removeFirst()
      if found.last == text.utf8.count { found.removeLast() }
      if text.isEmpty { return [] }
    }
    try arguments.checkElements(found.count + 1)
    return pieces(of: text, around: found, length: separator.utf8.count)
  }

  /// `map[_0:a _1:b]`.
  private static func numbered(_ parts: [String]) -> Value {
    var entries: [String: Value] = [:]
    for (index, part) in parts.enumerated() { entries["_\(index)"] = .string(part) }
    return .map(MapValue(entries, of: .string))
  }
}
