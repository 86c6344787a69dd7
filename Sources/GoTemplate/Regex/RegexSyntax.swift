/// What a regular expression consists of.
indirect enum RegexNode: Sendable {
  case empty
  case rune(UInt32)
  case set(RuneClass)
  case assertion(RegexAssertion)
  case capture(index: Int, RegexNode)
  case concatenation([RegexNode])
  /// Earlier branches are preferred.
  case alternation([RegexNode])
  /// `maximum` nil is without end.
  case repetition(RegexNode, minimum: Int, maximum: Int?, isLazy: Bool)

  /// Whether it can match the empty text.
  var isNullable: Bool {
    switch self {
    case .empty, .assertion: true
    case .rune, .set: false
    case .capture(_, let body): body.isNullable
    case .concatenation(let parts): parts.allSatisfy(\.isNullable)
    case .alternation(let branches): branches.contains(where: \.isNullable)
    case .repetition(let body, let minimum, _, _): minimum == 0 || body.isNullable
    }
  }

  /// Whether no rune of this is repeated more than `limit` times, counts of nested repetitions multiplied.
  func repeats(atMost limit: Int) -> Bool {
    switch self {
    case .empty, .rune, .set, .assertion: return true
    case .capture(_, let body): return body.repeats(atMost: limit)
    case .concatenation(let parts), .alternation(let parts): return parts.allSatisfy { $0.repeats(atMost: limit) }
    case .repetition(let body, let minimum, let maximum, _):
      let count = maximum ?? minimum
      if count > limit { return false }
      return count == 0 ? body.repeats(atMost: limit) : body.repeats(atMost: limit / count)
    }
  }
}

/// A condition on a place between two runes.
enum RegexAssertion: Sendable, Equatable {
  case beginText, endText, beginLine, endLine, wordBoundary, noWordBoundary

  func holds(after previous: UInt32?, before next: UInt32?) -> Bool {
    switch self {
    case .beginText: previous == nil
    case .endText: next == nil
    case .beginLine: previous == nil || previous == newline
    case .endLine: next == nil || next == newline
    case .wordBoundary: isWordRune(previous) != isWordRune(next)
    case .noWordBoundary: isWordRune(previous) == isWordRune(next)
    }
  }
}

let newline: UInt32 = 0x0A

private func isWordRune(_ rune: UInt32?) -> Bool {
  guard let rune else { return false }
  switch rune {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: return true
  default: return false
  }
}

/// What bounds a regular expression, since both it and the text may be hostile.
enum RegexLimits {
  static let patternBytes = 1 << 16
  static let nestedGroups = 200
  static let groups = 200
  /// As Go has it, with nested counts multiplied.
  static let repetitions = 1000
  static let instructions = 10_000
  /// For one call of a function, whatever it looks for.
  static let steps = 20_000_000
}

/// A regular expression that cannot be used.
struct RegexError: Error, Equatable, CustomStringConvertible {
  let description: String

  /// A mistake in the pattern, in Go's words.
  init(_ mistake: String, at fragment: String) { description = "error parsing regexp: \(mistake): `\(fragment)`" }

  init(limit: String) { description = "regular expression \(limit)" }

  static let tooLarge = RegexError(
    limit: "is too large: it needs more than \(RegexLimits.instructions) instructions; use smaller counts")
  static let tooSlow = RegexError(
    limit: "takes more than \(RegexLimits.steps) steps on this text; use a simpler one or a shorter text")
}
