extension RegexParser {
  /// An escape outside of brackets. `position` is at the backslash.
  mutating func escape() throws(RegexError) -> RegexNode {
    let start = position
    if let node = assertionEscape() { return node }
    if let part = try classEscape() {
      var builder = ClassBuilder()
      builder.add(part.0, isNegated: part.isNegated)
      return .set(builder.make(isNegated: false, foldsCase: flags.foldsCase))
    }
    position = start
    return literal(try runeEscape())
  }

  private mutating func assertionEscape() -> RegexNode? {
    if skip("\\A") { return .assertion(.beginText) }
    if skip("\\z") { return .assertion(.endText) }
    if skip("\\b") { return .assertion(.wordBoundary) }
    if skip("\\B") { return .assertion(.noWordBoundary) }
    return nil
  }

  /// A set in brackets. `position` is at the opening one.
  mutating func bracket() throws(RegexError) -> RuneClass {
    let start = position
    position += 1
    let isNegated = skip("^")
    var builder = ClassBuilder()
    var isFirst = true
    while isFirst || next != "]" {
      guard next != nil else { throw RegexError("missing closing ]", at: text(from: start)) }
      isFirst = false
      if let part = try posixClass() {
        builder.add(part.0, isNegated: part.isNegated)
      } else if let part = try classEscape() {
        builder.add(part.0, isNegated: part.isNegated)
      } else {
        builder.ranges.append(try range(in: start))
      }
    }
    position += 1
    return builder.make(isNegated: isNegated, foldsCase: flags.foldsCase)
  }

  private mutating func range(in bracket: Int) throws(RegexError) -> ClosedRange<UInt32> {
    let start = position
    let low = try bracketRune(in: bracket)
    // A dash before the bracket's end is a plain dash.
    guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else { return low...low }
    position += 1
    let high = try bracketRune(in: bracket)
    guard low <= high else {
      throw RegexError("invalid character class range", at: text(from: start, to: position))
    }
    return low...high
  }

  private mutating func bracketRune(in bracket: Int) throws(RegexError) -> UInt32 {
    guard let scalar = next else { throw RegexError("missing closing ]", at: text(from: bracket)) }
    if scalar == "\\" { return try runeEscape() }
    position += 1
    return scalar.value
  }

  /// An escape that stands for one rune.
  private mutating func runeEscape() throws(RegexError) -> UInt32 {
    let start = position
    position += 1
    guard let scalar = next else { throw RegexError("trailing backslash at end of expression", at: "") }
    position += 1
    switch scalar {
    case "a": return 0x07
    case "f": return 0x0C
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "v": return 0x0B
    case "0"..."7":
      let digits = octalDigits(from: position - 1)
      // A single digit other than 0 would be a back reference, which no linear matcher can have.
      if scalar == "0" || digits.count > 1 {
        position += digits.count - 1
        return digits.reduce(0) { $0 * 8 + UInt32($1) }
      }
    case "x":
      if let rune = hexRune() { return rune }
    default:
      if scalar.isASCII, !scalar.isASCIILetterOrDigit { return scalar.value }
    }
    throw RegexError("invalid escape sequence", at: text(from: start, to: position))
  }

  private func octalDigits(from start: Int) -> [Int] {
    scalars[start...].prefix(3).map { Int(digit: $0, base: 8) ?? -1 }.prefix { $0 >= 0 } + []
  }

  /// What follows `\x`: two digits, or any number of them in braces.
  private mutating func hexRune() -> UInt32? {
    let isBraced = skip("{")
    var value = 0
    var count = 0
    while isBraced || count < 2, let digit = next.flatMap({ Int(digit: $0, base: 16) }) {
      value = value * 16 + digit
      guard value <= 0x10FFFF else { return nil }
      count += 1
      position += 1
    }
    return (isBraced ? count > 0 && skip("}") : count == 2) ? UInt32(value) : nil
  }

  /// `\d`, `\pL` or `\p{Lu}`; nil if something else is next.
  private mutating func classEscape() throws(RegexError) -> (RuneClass.Part, isNegated: Bool)? {
    guard next == "\\", position + 1 < scalars.count else { return nil }
    let start = position
    let letter = scalars[position + 1]
    if let ranges = perlClasses[Character(letter.properties.lowercaseMapping)] {
      position += 2
      return (.ranges(ranges), isNegated: letter.properties.isUppercase)
    }
    guard letter == "p" || letter == "P" else { return nil }
    position += 2
    var isNegated = letter == "P"
    var name = ""
    if skip("{") {
      if skip("^") { isNegated.toggle() }
      while let scalar = next, scalar != "}" {
        name.unicodeScalars.append(scalar)
        position += 1
      }
      guard skip("}") else { throw RegexError("invalid character class range", at: text(from: start)) }
    } else if let scalar = next {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    if name == "Any" { return (.ranges([0...0x10FFFF]), isNegated) }
    guard let categories = CategorySet(named: name) else {
      throw RegexError("invalid character class range", at: text(from: start, to: position))
    }
    return (.categories(categories), isNegated)
  }

  /// `[:alpha:]` within brackets; nil if something else is next.
  private mutating func posixClass() throws(RegexError) -> (RuneClass.Part, isNegated: Bool)? {
    guard next == "[", position + 1 < scalars.count, scalars[position + 1] == ":" else { return nil }
    let start = position
    var end = position + 2
    while end + 1 < scalars.count, !(scalars[end] == ":" && scalars[end + 1] == "]") { end += 1 }
    guard end + 1 < scalars.count else { return nil }
    position = end + 2
    var name = text(from: start + 2, to: end)
    let isNegated = name.first == "^"
    if isNegated { name.removeFirst() }
    guard let ranges = posixClasses[name] else {
      throw RegexError("invalid character class range", at: text(from: start, to: position))
    }
    return (.ranges(ranges), isNegated)
  }
}

/// Collects what a class consists of, each thing once: a pattern may name them thousands of times.
private struct ClassBuilder {
  var ranges: [ClosedRange<UInt32>] = []
  var categories: CategorySet = []
  var negatedParts: [RuneClass.Part] = []

  mutating func add(_ part: RuneClass.Part, isNegated: Bool) {
    switch part {
    case _ where isNegated: if !negatedParts.contains(part) { negatedParts.append(part) }
    case .ranges(let added): ranges += added
    case .categories(let added): categories.formUnion(added)
    }
  }

  func make(isNegated: Bool, foldsCase: Bool) -> RuneClass {
    RuneClass(
      ranges: ranges, categories: categories, negatedParts: negatedParts, isNegated: isNegated, foldsCase: foldsCase)
  }
}

private let perlClasses: [Character: [ClosedRange<UInt32>]] = [
  "d": [0x30...0x39],
  "s": [0x09...0x0A, 0x0C...0x0D, 0x20...0x20],
  "w": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
]

private let posixClasses: [String: [ClosedRange<UInt32>]] = [
  "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A],
  "alpha": [0x41...0x5A, 0x61...0x7A],
  "ascii": [0x00...0x7F],
  "blank": [0x09...0x09, 0x20...0x20],
  "cntrl": [0x00...0x1F, 0x7F...0x7F],
  "digit": [0x30...0x39],
  "graph": [0x21...0x7E],
  "lower": [0x61...0x7A],
  "print": [0x20...0x7E],
  "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
  "space": [0x09...0x0D, 0x20...0x20],
  "upper": [0x41...0x5A],
  "word": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
  "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
]
