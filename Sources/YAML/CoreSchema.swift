internal import JSON

/// What a plain scalar stands for.
enum PlainResolution {
  case value(JSONValue)
  /// It looks like a number, but which one is in doubt: why, and what to write instead.
  case refused(String)
}

/// Reads a plain scalar as `YAMLScalar.resolved` says.
func resolvePlain(_ text: String) -> PlainResolution {
  // Most texts are longer than all words.
  guard text.utf8.count <= 5 else { return resolveNumber(text) ?? .value(.string(text)) }
  switch text {
  case "", "~", "null", "Null", "NULL": return .value(.null)
  case "true", "True", "TRUE": return .value(.bool(true))
  case "false", "False", "FALSE": return .value(.bool(false))
  default: return resolveNumber(text) ?? .value(.string(text))
  }
}

/// What to do about a character that looks like a space, or like nothing, and is none: pasted from a web page, mostly.
func falseSpace(_ first: Unicode.Scalar?) -> String? {
  guard let first, !first.isASCII,
    first.properties.isWhitespace || ["\u{200B}", "\u{FEFF}"].contains(first)
  else { return nil }
  let code = String(first.value, radix: 16, uppercase: true)
  return "the space here is not an ordinary one but U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
    + ", which YAML takes for text; replace it"
}

private func resolveNumber(_ text: String) -> PlainResolution? {
  var digits = text[...].utf8
  guard let first = digits.first,
    isDigit(first) || first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
      || first == UInt8(ascii: ".")
  else { return nil }

  if text.hasPrefix("0o") || text.hasPrefix("0x") {
    let radix = text.hasPrefix("0o") ? 8 : 16
    let rest = text.dropFirst(2)
    guard let start = rest.utf8.first, start != UInt8(ascii: "+"), start != UInt8(ascii: "-") else { return nil }
    if let value = Int64(rest, radix: radix) { return .value(.int(value)) }
    return rest.utf8.allSatisfy({ isDigit($0, radix: radix) }) ? tooLarge : nil
  }

  if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { digits = digits.dropFirst() }
  guard let digit = digits.first else { return nil }
  if digits.allSatisfy({ isDigit($0) }) {
    if digit == UInt8(ascii: "0"), digits.count > 1 {
      return .refused(
        "a number that begins with 0 is octal for some readers and decimal for others; write 0o… for octal, "
          + "leave the zeros out for decimal, or put it in quotes if it is text")
    }
    return Int64(text).map { .value(.int($0)) } ?? tooLarge
  }
  guard isFloat(Substring(digits)), let value = Double(text) else { return nil }
  return value.isFinite ? .value(.double(value)) : tooLarge
}

private let tooLarge = PlainResolution.refused("the number is too large for 64 bits; put it in quotes if it is text")

/// `.5`, `5.`, `5.5`, `5e3`, `5.5e-3`, without a sign.
private func isFloat(_ text: Substring) -> Bool {
  var rest = text.utf8
  let whole = rest.prefix { isDigit($0) }
  rest = rest.dropFirst(whole.count)
  var fraction = rest.prefix(0)
  if rest.first == UInt8(ascii: ".") {
    rest = rest.dropFirst()
    fraction = rest.prefix { isDigit($0) }
    rest = rest.dropFirst(fraction.count)
  }
  guard !whole.isEmpty || !fraction.isEmpty else { return false }
  guard let mark = rest.first else { return true }
  guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
  rest = rest.dropFirst()
  if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
  return !rest.isEmpty && rest.allSatisfy { isDigit($0) }
}

private func isDigit(_ byte: UInt8, radix: Int = 10) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "7"): true
  case UInt8(ascii: "8"), UInt8(ascii: "9"): radix >= 10
  case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): radix == 16
  default: false
  }
}
