/// Go's `strconv.Quote`: the text in double quotes, with whatever cannot be seen as an escape sequence.
func quoted(_ text: String, asciiOnly: Bool = false) -> String {
  var output = "\""
  for scalar in text.unicodeScalars { append(scalar, to: &output, quote: "\"", asciiOnly: asciiOnly) }
  return output + "\""
}

/// Go's `strconv.QuoteRune`.
func quoted(_ scalar: Unicode.Scalar, asciiOnly: Bool) -> String {
  var output = "'"
  append(scalar, to: &output, quote: "'", asciiOnly: asciiOnly)
  return output + "'"
}

/// Whether text can stand between backquotes as it is.
func canBackquote(_ text: String) -> Bool {
  text.unicodeScalars.allSatisfy { $0 != "`" && $0 != "\u{7F}" && $0 != "\u{FEFF}" && ($0 >= " " || $0 == "\t") }
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and of spaces the ASCII one only.
func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.value < 0x7F { return scalar.value >= 0x20 }
  switch scalar.properties.generalCategory {
  case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
    return false
  default: return true
  }
}

/// A number in hexadecimal with zeros in front.
func hexadecimal(_ value: UInt32, digits: Int, uppercase: Bool = false) -> String {
  let text = String(value, radix: 16, uppercase: uppercase)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

private func append(_ scalar: Unicode.Scalar, to output: inout String, quote: Unicode.Scalar, asciiOnly: Bool) {
  switch scalar {
  case quote, "\\":
    output.unicodeScalars.append("\\")
    output.unicodeScalars.append(scalar)
  case "\u{07}": output += "\\a"
  case "\u{08}": output += "\\b"
  case "\u{0C}": output += "\\f"
  case "\n": output += "\\n"
  case "\r": output += "\\r"
  case "\t": output += "\\t"
  case "\u{0B}": output += "\\v"
  case _ where isPrintable(scalar) && (scalar.isASCII || !asciiOnly): output.unicodeScalars.append(scalar)
  case _ where scalar.value < 0x80: output += "\\x" + hexadecimal(scalar.value, digits: 2)
  case _ where scalar.value < 0x10000: output += "\\u" + hexadecimal(scalar.value, digits: 4)
  default: output += "\\U" + hexadecimal(scalar.value, digits: 8)
  }
}
