/// Reads the syntax of Go's regexp package into a tree.
struct RegexParser {
  struct Flags {
    var foldsCase = false
    var isMultiline = false
    var dotMatchesNewline = false
    var swapsLaziness = false
  }

  let scalars: [Unicode.Scalar]
  var position = 0
  var flags = Flags()
  /// The names of the groups; the first stands for the whole match.
  var groupNames: [String?] = [nil]
  private var depth = 0

  /// The tree of `pattern`, and the names of its groups.
  static func parse(_ pattern: String) throws(RegexError) -> (root: RegexNode, groupNames: [String?]) {
    guard pattern.utf8.count <= RegexLimits.patternBytes else {
      throw RegexError(limit: "is longer than \(RegexLimits.patternBytes) bytes")
    }
    var parser = RegexParser(pattern)
    let root = try parser.alternation()
    guard parser.position == parser.scalars.count else {
      throw RegexError("unexpected )", at: pattern)
    }
    return (root, parser.groupNames)
  }

  private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

  var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  mutating func skip(_ text: String) -> Bool {
    let wanted = text.unicodeScalars
    guard scalars[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  func text(from start: Int, to end: Int? = nil) -> String {
    var result = String.UnicodeScalarView()
    result.append(contentsOf: scalars[start..<(end ?? scalars.count)])
    return String(result)
  }

  /// Everything up to the end or a closing parenthesis that belongs to an outer group.
  private mutating func alternation() throws(RegexError) -> RegexNode {
    var branches = [try concatenation()]
    while skip("|") { branches.append(try concatenation()) }
    return branches.count == 1 ? branches[0] : .alternation(branches)
  }

  private mutating func concatenation() throws(RegexError) -> RegexNode {
    var parts: [RegexNode] = []
    var lastRepetition: Int?
    while let scalar = next, scalar != "|", scalar != ")" {
      let start = position
      if let count = try repetition() {
        guard let part = parts.popLast() else {
          throw RegexError("missing argument to repetition operator", at: text(from: start, to: position))
        }
        let isLazy = skip("?") != flags.swapsLaziness
        if let lastRepetition {
          throw RegexError("invalid nested repetition operator", at: text(from: lastRepetition, to: position))
        }
        let node = RegexNode.repetition(part, minimum: count.minimum, maximum: count.maximum, isLazy: isLazy)
        guard node.repeats(atMost: RegexLimits.repetitions) else {
          throw RegexError("invalid repeat count", at: text(from: start, to: position))
        }
        parts.append(node)
        lastRepetition = start
        continue
      }
      lastRepetition = nil
      if skip("\\Q") {
        while position < scalars.count, !skip("\\E") {
          parts.append(literal(scalars[position].value))
          position += 1
        }
      } else if let part = try atom() {
        parts.append(part)
      }
    }
    switch parts.count {
    case 0: return .empty
    case 1: return parts[0]
    default: return .concatenation(parts)
    }
  }

  /// `*`, `+`, `?` or `{2,5}`; nil if something else is next. A brace that is no count is a plain brace.
  private mutating func repetition() throws(RegexError) -> (minimum: Int, maximum: Int?)? {
    let start = position
    if skip("*") { return (0, nil) }
    if skip("+") { return (1, nil) }
    if skip("?") { return (0, 1) }
    guard skip("{"), let minimum = number() else {
      position = start
      return nil
    }
    var maximum: Int? = minimum
    if skip(",") { maximum = next == "}" ? nil : number() ?? -1 }
    guard maximum != -1, skip("}") else {
      position = start
      return nil
    }
    guard minimum <= RegexLimits.repetitions, maximum.map({ minimum <= $0 && $0 <= RegexLimits.repetitions }) ?? true
    else { throw RegexError("invalid repeat count", at: text(from: start, to: position)) }
    return (minimum, maximum)
  }

  /// A count without leading zeros; nil if there is none.
  private mutating func number() -> Int? {
    let start = position
    var value = 0
    while let digit = next.flatMap({ Int(digit: $0, base: 10) }) {
      value = min(value * 10 + digit, RegexLimits.repetitions + 1)
      position += 1
    }
    let count = position - start
    return count == 0 || (count > 1 && scalars[start] == "0") ? nil : value
  }

  /// One rune, set, assertion or group; nil for a group that only sets flags.
  private mutating func atom() throws(RegexError) -> RegexNode? {
    let scalar = scalars[position]
    switch scalar {
    case "(": return try group()
    case "[": return .set(try bracket())
    case "\\": return try escape()
    default: break
    }
    position += 1
    switch scalar {
    case ".":
      return .set(RuneClass(ranges: flags.dotMatchesNewline ? [] : [newline...newline], isNegated: true))
    case "^": return .assertion(flags.isMultiline ? .beginLine : .beginText)
    case "$": return .assertion(flags.isMultiline ? .endLine : .endText)
    default: return literal(scalar.value)
    }
  }

  func literal(_ rune: UInt32) -> RegexNode {
    if flags.foldsCase {
      let cases = caseVariants(of: rune)
      if cases.count > 1 { return .set(RuneClass(ranges: cases.map { $0...$0 })) }
    }
    return .rune(rune)
  }
}

// MARK: Groups

extension RegexParser {
  private mutating func group() throws(RegexError) -> RegexNode? {
    let start = position
    let outerFlags = flags
    position += 1
    var index: Int?
    if skip("?P<") || skip("?<") {
      index = try addGroup(named: try groupName(from: start))
    } else if skip("?") {
      if try !flagList(from: start) { return nil }
    } else {
      index = try addGroup(named: nil)
    }
    depth += 1
    guard depth <= RegexLimits.nestedGroups else {
      throw RegexError(limit: "is nested more than \(RegexLimits.nestedGroups) levels deep")
    }
    let body = try alternation()
    guard skip(")") else { throw RegexError("missing closing )", at: text(from: 0)) }
    depth -= 1
    flags = outerFlags
    return index.map { .capture(index: $0, body) } ?? body
  }

  private mutating func addGroup(named name: String?) throws(RegexError) -> Int {
    guard groupNames.count <= RegexLimits.groups else {
      throw RegexError(
        limit: "has more than \(RegexLimits.groups) groups; use '(?:…)' where a group's text is not needed")
    }
    groupNames.append(name)
    return groupNames.count - 1
  }

  private mutating func groupName(from start: Int) throws(RegexError) -> String {
    let nameStart = position
    while let scalar = next, scalar != ">" {
      guard scalar == "_" || scalar.isASCIILetterOrDigit else { break }
      position += 1
    }
    let name = text(from: nameStart, to: position)
    guard !name.isEmpty, skip(">") else {
      throw RegexError("invalid named capture", at: text(from: start, to: min(position + 1, scalars.count)))
    }
    guard !groupNames.contains(name) else { throw RegexError("duplicate capture group name", at: name) }
    return name
  }

  /// Flags after `(?`; true if a group follows them, false if they hold for the rest of this one.
  private mutating func flagList(from start: Int) throws(RegexError) -> Bool {
    var value = true
    var hasFlag = false
    while let scalar = next {
      position += 1
      switch scalar {
      case "i": flags.foldsCase = value
      case "m": flags.isMultiline = value
      case "s": flags.dotMatchesNewline = value
      case "U": flags.swapsLaziness = value
      case "-" where value:
        value = false
        hasFlag = false
        continue
      case ":" where value || hasFlag: return true
      case ")" where value || hasFlag: return false
      default: throw RegexError("invalid or unsupported Perl syntax", at: text(from: start, to: position))
      }
      hasFlag = true
    }
    throw RegexError("missing closing )", at: text(from: 0))
  }
}

extension Unicode.Scalar {
  var isASCIILetterOrDigit: Bool {
    switch value {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }
}

extension Int {
  /// The value of one digit; nil if it is none in this base.
  init?(digit: Unicode.Scalar, base: Int) {
    guard digit.isASCII, let value = Character(digit).hexDigitValue, value < base else { return nil }
    self = value
  }
}
