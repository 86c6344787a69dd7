extension Function {
  /// Trimming, testing, cutting, quoting, indenting and replacing.
  static let sprigStrings: [Function] = trimming + testing + cutting + quoting + replacing

  private static let trimming: [Function] = [
    Function("trim", .string) { .string(trimmed($0.string(0)) { $0.properties.isWhitespace }) },
    Function("trimAll", .string, .string) { .string(trimmed($0.string(1), of: $0.string(0))) },
    Function("trimall", .string, .string) { .string(trimmed($0.string(1), of: $0.string(0))) },
    Function("trimPrefix", .string, .string) { .string(without(prefix: $0.string(0), $0.string(1))) },
    Function("trimSuffix", .string, .string) { .string(without(suffix: $0.string(0), $0.string(1))) },
    Function("nospace", .string) { arguments in
      .string(arguments.string(0).filteringScalars { !$0.properties.isWhitespace })
    },
  ]

  private static let testing: [Function] = [
    Function("contains", .string, .string) { .bool(positions(of: $0.string(0), in: $0.string(1), limit: 1).count > 0) },
    Function("hasPrefix", .string, .string) { .bool($0.string(1).utf8.starts(with: $0.string(0).utf8)) },
    Function("hasSuffix", .string, .string) {
      .bool($0.string(1).utf8.reversed().starts(with: $0.string(0).utf8.reversed()))
    },
  ]

  private static let cutting: [Function] = [
    // A negative count is taken from the end, as in sprig 3; 2.22 fails.
    Function("trunc", .int, .string) { arguments in
      let text = arguments.string(1)
      let (count, size) = (arguments.int(0), text.utf8.count)
      if count >= 0 { return .string(cut(text, from: 0, to: min(count, size))) }
      return .string(count > -size ? cut(text, from: size + count, to: size) : text)
    },
    Function("substr", .int, .int, .string) { arguments in
      let text = arguments.string(2)
      let size = text.utf8.count
      let (start, end) = (arguments.int(0), arguments.int(1))
      let range = start < 0 ? (0, end) : (start, end < 0 || end > size ? size : end)
      guard 0 <= range.0, range.0 <= range.1, range.1 <= size else {
        throw FunctionError("there are no bytes \(start) to \(end): the text has \(size), counted from 0")
      }
      return .string(cut(text, from: range.0, to: range.1))
    },
    Function("repeat", .int, .string) { arguments in
      let text = arguments.string(1)
      let count = try notNegative(arguments.int(0), "count")
      try arguments.checkSize(text.utf8.count.multipliedOrMax(by: count))
      // Nothing has no size, but repeating it takes its time.
      return .string(text.isEmpty ? "" : String(repeating: text, count: count))
    },
  ]

  private static let quoting: [Function] = [
    Function("quote", rest: .any) { arguments in
      .string(arguments.values.filter { !$0.isNull }.map { quoted($0.sprigText) }.joined(separator: " "))
    },
    Function("squote", rest: .any) { arguments in
      .string(arguments.values.filter { !$0.isNull }.map { "'\($0.text)'" }.joined(separator: " "))
    },
    Function("cat", rest: .any) { arguments in
      .string(arguments.values.filter { !$0.isNull }.map(\.text).joined(separator: " "))
    },
    Function("indent", .int, .string) { .string(try indented($0)) },
    Function("nindent", .int, .string) { .string("\n" + (try indented($0))) },
  ]

  private static let replacing: [Function] = [
    Function("replace", .string, .string, .string) { arguments in
      let (old, new, text) = (arguments.string(0), arguments.string(1), arguments.string(2))
      let found = positions(of: old, in: text)
      try arguments.checkSize(found.count.multipliedOrMax(by: new.utf8.count).addedOrMax(text.utf8.count))
      return .string(pieces(of: text, around: found, length: old.utf8.count).joined(separator: new))
    },
    Function("plural", .string, .string, .int) { .string($0.int(2) == 1 ? $0.string(0) : $0.string(1)) },
    Function("upper", .string) { .string(mappingScalars(of: $0.string(0)) { $0.upper }) },
    Function("lower", .string) { .string(mappingScalars(of: $0.string(0)) { $0.lower }) },
    Function("hello") { _ in .string("Hello!") },
  ]

  private static func indented(_ arguments: Arguments) throws -> String {
    let spaces = try notNegative(arguments.int(0), "number of spaces")
    let text = arguments.string(1)
    let lines = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
    try arguments.checkSize(lines.multipliedOrMax(by: spaces).addedOrMax(text.utf8.count))
    let pad = String(repeating: " ", count: spaces)
    return pad + pieces(of: text, around: positions(of: "\n", in: text), length: 1).joined(separator: "\n" + pad)
  }

  private static func notNegative(_ number: Int, _ what: String) throws -> Int {
    guard number >= 0 else { throw FunctionError("the \(what) is \(number), but cannot be negative") }
    return number
  }
}

// MARK: Text as Go has it: in bytes and scalars, without Unicode's equivalences

/// The bytes from `start` up to `end`.
func cut(_ text: String, from start: Int, to end: Int) -> String {
  String(decoding: text.utf8.dropFirst(start).prefix(end - start), as: UTF8.self)
}

/// Where `wanted` is, none overlapping the one before; an empty text is found before each scalar and at the end.
func positions(of wanted: String, in text: String, limit: Int = .max) -> [Int] {
  let (wanted, bytes) = (Array(wanted.utf8), Array(text.utf8))
  var found: [Int] = []
  var position = 0
  while found.count < limit, position + wanted.count <= bytes.count {
    guard let first = wanted.first else {
      found.append(position)
      position += max(1, decodeRune(bytes, at: position).width)
      continue
    }
    guard let start = bytes[position...(bytes.count - wanted.count)].firstIndex(of: first) else { break }
    if bytes[start..<start + wanted.count].elementsEqual(wanted) {
      found.append(start)
      position = start + wanted.count
    } else {
      position = start + 1
    }
  }
  return found
}

/// What is left of a text without the parts of this length at these positions.
func pieces(of text: String, around positions: [Int], length: Int) -> [String] {
  let bytes = Array(text.utf8)
  let starts = [0] + positions.map { $0 + length }
  return zip(starts, positions + [bytes.count]).map { String(decoding: bytes[$0..<$1], as: UTF8.self) }
}

private func trimmed(_ text: String, where isTrimmed: (Unicode.Scalar) -> Bool) -> String {
  let scalars = text.unicodeScalars
  guard let first = scalars.firstIndex(where: { !isTrimmed($0) }),
    let last = scalars.lastIndex(where: { !isTrimmed($0) })
  else { return "" }
  return String(scalars[first...last])
}

private func trimmed(_ text: String, of cutset: String) -> String {
  let set = Set(cutset.unicodeScalars)
  return trimmed(text) { set.contains($0) }
}

func without(prefix: String, _ text: String) -> String {
  guard text.utf8.starts(with: prefix.utf8) else { return text }
  return cut(text, from: prefix.utf8.count, to: text.utf8.count)
}

private func without(suffix: String, _ text: String) -> String {
  guard text.utf8.reversed().starts(with: suffix.utf8.reversed()) else { return text }
  return cut(text, from: 0, to: text.utf8.count - suffix.utf8.count)
}

/// A text of the same scalars, each changed.
func mappingScalars(of text: String, _ change: (Unicode.Scalar) -> Unicode.Scalar) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars { result.append(change(scalar)) }
  return String(result)
}

extension String {
  func filteringScalars(_ isKept: (Unicode.Scalar) -> Bool) -> String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars where isKept(scalar) { result.append(scalar) }
    return String(result)
  }
}

extension Unicode.Scalar {
  /// This in upper case, as far as that is one scalar: Go leaves "ß" as it is.
  var upper: Unicode.Scalar { only(properties.uppercaseMapping) }
  /// This in lower case.
  var lower: Unicode.Scalar { only(properties.lowercaseMapping) }

  private func only(_ mapping: String) -> Unicode.Scalar {
    let scalars = mapping.unicodeScalars
    return scalars.count == 1 ? scalars.first ?? self : self
  }
}

extension Int {
  /// The product; the largest number if it is larger than that.
  func multipliedOrMax(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }

  /// The sum of two sizes; the largest number if it is larger than that.
  func addedOrMax(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
