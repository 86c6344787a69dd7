/// The text of a string token with its double quotes, backquotes, or single quotes; nil if an escape is wrong.
func unquoted(_ token: some Collection<UInt8>) -> String? {
  guard let quote = token.first, token.count >= 2 else { return nil }
  let inner = Array(token.dropFirst().dropLast())
  // Go drops carriage returns from raw strings.
  if quote == UInt8(ascii: "`") { return String(decoding: inner.filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self) }
  guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
  var output: [UInt8] = []
  var index = 0
  while index < inner.count {
    guard inner[index] == UInt8(ascii: "\\") else {
      output.append(inner[index])
      index += 1
      continue
    }
    guard index + 1 < inner.count else { return nil }
    let escape = inner[index + 1]
    index += 2
    if let byte = simpleEscapes[escape] {
      output.append(byte)
    } else if escape == quote {
      output.append(quote)
    } else if escape == UInt8(ascii: "x") {
      guard let code = number(inner, &index, digits: 2, radix: 16) else { return nil }
      // In a character, a code is one of Unicode; in a string it is a byte.
      if quote == UInt8(ascii: "'") {
        append(Unicode.Scalar(UInt8(code)), to: &output)
      } else {
        output.append(UInt8(code))
      }
    } else if (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(escape) {
      index -= 1
      guard let code = number(inner, &index, digits: 3, radix: 8), code <= 255 else { return nil }
      if quote == UInt8(ascii: "'") {
        append(Unicode.Scalar(UInt8(code)), to: &output)
      } else {
        output.append(UInt8(code))
      }
    } else if escape == UInt8(ascii: "u") || escape == UInt8(ascii: "U") {
      guard let code = number(inner, &index, digits: escape == UInt8(ascii: "u") ? 4 : 8, radix: 16),
        let scalar = Unicode.Scalar(code)
      else { return nil }
      append(scalar, to: &output)
    } else {
      return nil
    }
  }
  return String(decoding: output, as: UTF8.self)
}

private let simpleEscapes: [UInt8: UInt8] = [
  UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
  UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): UInt8(ascii: "\\"),
]

private func number(_ bytes: [UInt8], _ index: inout Int, digits: Int, radix: Int) -> UInt32? {
  guard index + digits <= bytes.count else { return nil }
  defer { index += digits }
  let text = String(decoding: bytes[index..<index + digits], as: UTF8.self)
  return text.hasPrefix("+") || text.hasPrefix("-") ? nil : UInt32(text, radix: radix)
}

private func append(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
  output += Array(String(Character(scalar)).utf8)
}
