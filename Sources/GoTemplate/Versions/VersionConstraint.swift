/// What a version has to fulfil: `>=1.2, <2.0 || ~3.1`.
///
/// Commas and spaces mean "and", `||` means "or". The rules are those that sprig 3 uses.
struct VersionConstraint: Sendable {
  private let alternatives: [[Condition]]

  /// Reads a constraint; nil if it is none.
  init?(_ text: String) {
    var alternatives: [[Condition]] = []
    for part in pieces(of: text, around: positions(of: "||", in: text), length: 2) {
      guard let conditions = Self.conditions(in: part) else { return nil }
      alternatives.append(conditions)
    }
    self.alternatives = alternatives
  }

  /// Whether a version fulfils it.
  func allows(_ version: SemanticVersion) -> Bool {
    alternatives.contains { $0.allSatisfy { $0.allows(version) } }
  }

  private static func conditions(in text: String) -> [Condition]? {
    let words = text.split { $0 == " " || $0 == "," || $0 == "\t" }
    if words.isEmpty { return Condition(operation: .greaterOrEqual, version: "0.0.0").map { [$0] } }
    var conditions: [Condition?] = []
    var index = 0
    while index < words.count {
      let sign = words[index].prefix { "=!<>~^".contains($0) }
      var version = words[index].dropFirst(sign.count)
      if version.isEmpty, index + 1 < words.count {
        // The sign stands apart from its version.
        index += 1
        version = words[index]
      }
      index += 1
      if sign.isEmpty, index + 1 < words.count, words[index] == "-" {
        conditions.append(Condition(operation: .greaterOrEqual, version: version))
        conditions.append(Condition(operation: .lessOrEqual, version: words[index + 1]))
        index += 2
      } else {
        conditions.append(Operation(sign: sign).flatMap { Condition(operation: $0, version: version) })
      }
    }
    let sound = conditions.compactMap { $0 }
    return sound.count == conditions.count ? sound : nil
  }
}

private enum Operation: Sendable {
  case equal, notEqual, greater, less, greaterOrEqual, lessOrEqual, tilde, caret

  init?(sign: Substring) {
    switch sign {
    case "", "=": self = .equal
    case "!=": self = .notEqual
    case ">": self = .greater
    case "<": self = .less
    case ">=", "=>": self = .greaterOrEqual
    case "<=", "=<": self = .lessOrEqual
    case "~", "~>": self = .tilde
    case "^": self = .caret
    default: return nil
    }
  }
}

private struct Condition: Sendable {
  let operation: Operation
  let wanted: SemanticVersion
  /// How many of major, minor and patch are given; the rest is left out or `x`.
  let givenParts: Int

  init?(operation: Operation, version: some StringProtocol) {
    let parts = VersionText(without(prefix: "v", String(version)))
    guard (1...3).contains(parts.core.count), parts.isSound else { return nil }
    let given = parts.core.prefix { !["x", "X", "*"].contains($0) }
    let numbers = given.compactMap { $0.utf8.allSatisfy(isDigit) ? UInt64($0) : nil }
    guard numbers.count == given.count,
      parts.core.dropFirst(given.count).allSatisfy({ ["x", "X", "*"].contains($0) || UInt64($0) != nil })
    else { return nil }
    let padded = numbers + [0, 0, 0]
    self.operation = operation
    givenParts = numbers.count
    wanted = SemanticVersion(padded[0], padded[1], padded[2], prerelease: parts.prerelease ?? "")
  }

  func allows(_ version: SemanticVersion) -> Bool {
    // Who wants a prerelease has to say so.
    if !version.prerelease.isEmpty, wanted.prerelease.isEmpty { return false }
    let order = version.compare(wanted)
    switch operation {
    case .equal: return givenParts < 3 ? hasGivenParts(version) : order == 0
    case .notEqual: return givenParts < 3 ? !hasGivenParts(version) : order != 0
    case .greater: return order > 0 && (givenParts == 3 || !hasGivenParts(version))
    case .less: return order < 0
    case .greaterOrEqual: return order >= 0
    case .lessOrEqual: return order <= 0 || (givenParts < 3 && hasGivenParts(version))
    case .tilde: return order >= 0 && hasParts(version, min(2, givenParts))
    case .caret:
      // The first number that is not 0 stays.
      let numbers = [wanted.major, wanted.minor, wanted.patch].prefix(givenParts)
      let kept = numbers.firstIndex { $0 != 0 }.map { $0 + 1 } ?? givenParts
      return order >= 0 && hasParts(version, kept)
    }
  }

  private func hasGivenParts(_ version: SemanticVersion) -> Bool { hasParts(version, givenParts) }

  /// Whether the first parts are those of the wanted version.
  private func hasParts(_ version: SemanticVersion, _ count: Int) -> Bool {
    let (left, right) = ([version.major, version.minor, version.patch], [wanted.major, wanted.minor, wanted.patch])
    return left.prefix(count) == right.prefix(count)
  }
}
