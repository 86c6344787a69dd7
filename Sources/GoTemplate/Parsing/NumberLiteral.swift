/// A number in a template. It fits every parameter type that can hold it without loss.
struct NumberLiteral: Sendable {
  let text: String
  /// As a whole number, if it is one: 3, 3.0 and 1e3 are.
  let int: Int64?
  let float: Double
  /// Whether it is a float where any type will do.
  let isFloat: Bool

  /// The character of `'x'`.
  init(character: Unicode.Scalar, text: String) {
    self.text = text
    int = Int64(character.value)
    float = Double(character.value)
    isFloat = false
  }

  /// The number of a token; nil if it is none, or out of range.
  init?(_ text: String) {
    guard let digits = withoutUnderscores(text) else { return nil }
    let isHex = digits.unsigned.hasPrefix("0x") || digits.unsigned.hasPrefix("0X")
    let looksFloat =
      isHex ? digits.unsigned.contains { "pP".contains($0) } : digits.unsigned.contains { ".eE".contains($0) }
    self.text = text
    isFloat = looksFloat
    if let magnitude = wholeNumber(digits.unsigned) {
      let limit = UInt64(Int64.max) + (digits.isNegative ? 1 : 0)
      guard !digits.isNegative || magnitude <= limit else { return nil }
      int = magnitude > limit ? nil : digits.isNegative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude)
      float = digits.isNegative ? 0 - Double(magnitude) : Double(magnitude)
    } else {
      guard looksFloat, let number = Double((digits.isNegative ? "-" : "") + digits.unsigned), number.isFinite else {
        return nil
      }
      float = number
      int = Int64(exactly: number)
    }
  }
}

/// The number without its sign and underscores; nil if an underscore does not stand between digits.
private func withoutUnderscores(_ text: String) -> (isNegative: Bool, unsigned: String)? {
  var unsigned = Substring(text)
  if unsigned.hasPrefix("-") || unsigned.hasPrefix("+") { unsigned = unsigned.dropFirst() }
  let isNegative = text.hasPrefix("-")
  guard unsigned.contains("_") else { return (isNegative, String(unsigned)) }
  let characters = Array(unsigned)
  for (index, character) in characters.enumerated() where character == "_" {
    guard index > 0, index + 1 < characters.count, characters[index + 1].isHexDigit else { return nil }
    let isAfterPrefix = index == 2 && characters[0] == "0" && "xXoObB".contains(characters[1])
    guard characters[index - 1].isHexDigit || isAfterPrefix else { return nil }
  }
  return (isNegative, String(characters.filter { $0 != "_" }))
}

/// A whole number in Go's notation: `0x`, `0o`, `0b`, and a leading zero is octal, too.
private func wholeNumber(_ text: String) -> UInt64? {
  guard text.first == "0", text.utf8.count > 1 else { return digitsOnly(text, radix: 10) }
  switch text.dropFirst().first {
  case "x", "X": return digitsOnly(text.dropFirst(2), radix: 16)
  case "o", "O": return digitsOnly(text.dropFirst(2), radix: 8)
  case "b", "B": return digitsOnly(text.dropFirst(2), radix: 2)
  default: return digitsOnly(text.dropFirst(), radix: 8)
  }
}

private func digitsOnly(_ text: some StringProtocol, radix: Int) -> UInt64? {
  text.first == "+" || text.first == "-" ? nil : UInt64(text, radix: radix)
}
