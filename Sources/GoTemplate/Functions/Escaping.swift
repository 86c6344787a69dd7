/// Go's `html`.
func escapedForHTML(_ text: String) -> String {
  var output = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\0": output += "\u{FFFD}"
    case "\"": output += "&#34;"
    case "'": output += "&#39;"
    case "&": output += "&amp;"
    case "<": output += "&lt;"
    case ">": output += "&gt;"
    default: output.unicodeScalars.append(scalar)
    }
  }
  return output
}

/// Go's `js`.
func escapedForJavaScript(_ text: String) -> String {
  var output = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\", "'", "\"":
      output.unicodeScalars.append("\\")
      output.unicodeScalars.append(scalar)
    case "<", ">", "&", "=": output += "\\u" + hexadecimal(scalar.value, digits: 4, uppercase: true)
    case "\u{7F}": output.unicodeScalars.append(scalar)
    case _ where isPrintable(scalar): output.unicodeScalars.append(scalar)
    default: output += "\\u" + hexadecimal(scalar.value, digits: 4, uppercase: true)
    }
  }
  return output
}

/// Go's `urlquery`: for a value in the query of a URL, with `+` for a space.
func escapedForQuery(_ text: String) -> String {
  var output = ""
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
      output.unicodeScalars.append(Unicode.Scalar(byte))
    case UInt8(ascii: " "): output += "+"
    default: output += "%" + hexadecimal(UInt32(byte), digits: 2, uppercase: true)
    }
  }
  return output
}
